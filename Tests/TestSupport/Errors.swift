import Foundation
import Nabla
import Testing

/// Expects that `body` makes a programmer's mistake of `operation` whose message holds all of `parts`, and that the
/// error names this file and the lines of the call.
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
    // The call may be on one of the lines that follow.
    let places = (0..<4).map { "\(fileName(sourceLocation)):\(sourceLocation.line + $0)" }
    if !places.contains(where: { error.location?.hasSuffix($0) ?? false }) {
      Issue.record(
        "expected the place \(places[0]), seen \(error.location ?? "none")", sourceLocation: sourceLocation)
    }
  } catch {
    Issue.record("expected a NablaError of \(operation), seen \(error)", sourceLocation: sourceLocation)
  }
}

private func fileName(_ location: SourceLocation) -> String {
  location.fileID.split(separator: "/").last.map(String.init) ?? location.fileID
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
