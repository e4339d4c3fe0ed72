#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Decimal numbers in text.
enum DecimalNumber {
  /// The powers of ten that a Double holds exactly.
  private static let powers: [Double] = (0...22).map { exponent in (0..<exponent).reduce(1) { power, _ in power * 10 } }

  /// The finite number at an address, and the count of its bytes; nil where there is none. Text ends with a zero.
  ///
  /// A number of up to 15 digits with a small power of ten is one correctly rounded multiplication or division of exact
  /// operands (Clinger, "How to Read Floating Point Numbers Accurately", 1990); strtod does the others.
  static func read(_ text: UnsafePointer<UInt8>) -> (value: Double, length: Int)? {
    var next = text
    let isNegative = next.pointee == UInt8(ascii: "-")
    if isNegative || next.pointee == UInt8(ascii: "+") { next += 1 }
    var digits = 0
    var mantissa: UInt64 = 0
    func readDigits() {
      while true {
        let digit = next.pointee &- UInt8(ascii: "0")
        if digit > 9 { return }
        mantissa = mantissa &* 10 &+ UInt64(digit)
        digits += 1
        next += 1
      }
    }
    readDigits()
    var exponent = 0
    if next.pointee == UInt8(ascii: ".") {
      next += 1
      exponent = digits
      readDigits()
      exponent -= digits
    }
    if digits == 0 { return nil }
    let hasExponent = skipExponent(&next)
    let length = next - text
    if !hasExponent && digits <= 15 && -exponent <= 22 {
      let value = Double(mantissa) / powers[-exponent]
      return (isNegative ? -value : value, length)
    }
    let value = text.withMemoryRebound(to: CChar.self, capacity: length + 1) { strtod($0, nil) }
    return value.isFinite ? (value, length) : nil
  }

  /// Steps over `e-5`; false where there is none.
  private static func skipExponent(_ next: inout UnsafePointer<UInt8>) -> Bool {
    guard next.pointee | 0x20 == UInt8(ascii: "e") else { return false }
    var after = next + 1
    if after.pointee == UInt8(ascii: "-") || after.pointee == UInt8(ascii: "+") { after += 1 }
    guard after.pointee &- UInt8(ascii: "0") <= 9 else { return false }
    while after.pointee &- UInt8(ascii: "0") <= 9 { after += 1 }
    next = after
    return true
  }
}
