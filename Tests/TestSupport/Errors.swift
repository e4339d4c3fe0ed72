import Foundation
import Nabla
import Testing

/// Expects that `body` makes a programmer's mistake of `operation` whose message holds all of `parts`.
public func expectMistake(
  _ operation: String, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) {
  do {
    try throwingErrors(body)
    Issue.record("expected an error of \(operation), and none was thrown", sourceLocation: sourceLocation)
  } catch let error as NablaError {
    let missing = parts.filter { !error.message.contains($0) }
    if error.operation != operation || !missing.isEmpty {
      Issue.record(
        "expected an error of \(operation) with \(missing), seen \(error)", sourceLocation: sourceLocation)
    }
  } catch {
    Issue.record("expected a NablaError of \(operation), seen \(error)", sourceLocation: sourceLocation)
  }
}

/// Expects that the mistake of `body` is said to be on a line of a file of this target.
public func expectPlace(
  _ line: Int, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) {
  do {
    try throwingErrors(body)
    Issue.record("expected an error, and none was thrown", sourceLocation: sourceLocation)
  } catch {
    let expected = "\(sourceLocation.fileID.split(separator: "/").last ?? ""):\(line)"
    let seen = (error as? NablaError)?.location ?? "no place"
    if !seen.hasSuffix("/" + expected) {
      Issue.record("expected the place \(expected), seen \(seen) in \(error)", sourceLocation: sourceLocation)
    }
  }
}

/// Expects that a process ended with exactly one line of its own on standard error, that of a mistake of `operation`,
/// with all of `parts`.
public func expectOneLine(
  _ result: ExitTest.Result?, _ operation: String, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation
) {
  guard let result else { return }
  let text = String(decoding: result.standardErrorContent, as: UTF8.self)
  let lines = text.split(separator: "\n")
  guard lines.count == 1, lines[0].hasPrefix("Nabla: \(operation): "), parts.allSatisfy(lines[0].contains) else {
    Issue.record("expected one line of \(operation) with \(parts), seen \(text)", sourceLocation: sourceLocation)
    return
  }
}
