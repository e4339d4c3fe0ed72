import ArgumentParser

/// `nabla`: trains on data of the user's or on synthetic data, measures, and tells how OpenBLAS is used.
@main
struct NablaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nabla",
    abstract: "Numerics on OpenBLAS and LAPACK: trains a linear regression, measures, tells what the machine offers.",
    subcommands: [Train.self, Bench.self, Info.self])

  /// Runs the command that the arguments name. Every error is one line on standard error; ArgumentParser alone would
  /// print its usage text below it.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let error as CommandError {
      Console.end(with: error)
    } catch {
      if exitCode(for: error).isSuccess { exit(withError: error) }
      let text = message(for: error).split(whereSeparator: \.isNewline).first.map(String.init) ?? "\(error)"
      Console.end(with: CommandError(.usage, text + " (see nabla --help)"))
    }
  }
}
