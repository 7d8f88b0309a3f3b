import Foundation
import MPI

/// The terminal that shows what this process writes to stderr.
///
/// It is stderr itself, or that of the launcher, which passes on what its ranks write: the width in
/// `RDD_TERMINAL`, which launch/ sets where stderr is a terminal, or else the stderr of the process that
/// started this one.
package struct Terminal: Sendable {
  /// Whether it shows colours.
  package let isColoured: Bool
  /// Where its width is asked for.
  private let descriptor: Int32
  /// Its width where it does not say.
  private let usualColumns: Int

  /// The terminal of this process; nil if there is none.
  package init?(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
    guard environment["TERM"] ?? "dumb" != "dumb" else { return nil }
    let isLaunched = MPIEnvironment(environment).isLaunched
    let told = isLaunched ? environment["RDD_TERMINAL"].flatMap { Int($0) } : nil
    if isatty(STDERR_FILENO) == 1 {
      descriptor = STDERR_FILENO
    } else if told != nil {
      descriptor = -1
    } else if isLaunched, let launchers = Self.openLaunchers() {
      descriptor = launchers
    } else {
      return nil
    }
    usualColumns = told ?? environment["COLUMNS"].flatMap { Int($0) } ?? 80
    // As no-color.org has it: any value but an empty one.
    isColoured = environment["NO_COLOR"] ?? "" == ""
  }

  /// The launcher's stderr, if it is a terminal. It stays open; nothing is written there but by way of
  /// the launcher, in the order of all lines.
  private static func openLaunchers() -> Int32? {
    let descriptor = open("/proc/\(getppid())/fd/\(STDERR_FILENO)", O_WRONLY | O_NOCTTY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    if isatty(descriptor) == 1 { return descriptor }
    close(descriptor)
    return nil
  }

  /// Its width in characters.
  package var columns: Int { Self.columns(of: descriptor) ?? usualColumns }

  /// The width of the terminal that a descriptor is open for; nil if it does not say.
  package static func columns(of descriptor: Int32) -> Int? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// The width at which somebody reads this process's stdout, itself or through the launcher; nil where
  /// stdout goes to a file or to another program.
  ///
  /// What the launcher does with its stdout cannot be seen: its stderr stands for it.
  package static var columnsOfResults: Int? {
    let environment = ProcessInfo.processInfo.environment
    if isatty(STDOUT_FILENO) == 1 {
      if let columns = columns(of: STDOUT_FILENO) { return columns }
      // Open MPI 4 gives ranks a terminal without a size, whatever mpirun's stdout is.
      guard MPIEnvironment(environment).isLaunched else {
        return environment["COLUMNS"].flatMap { Int($0) } ?? 80
      }
    }
    guard let terminal = Terminal(), terminal.descriptor != STDERR_FILENO else { return nil }
    return terminal.columns
  }
}
