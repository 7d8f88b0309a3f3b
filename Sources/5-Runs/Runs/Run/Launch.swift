import DataParallel
import Files
import Foundation
import Steps
import WeightFiles

/// How this process was started, as the history and the log of a run tell it.
struct Launch {
  /// The program's name and version; nil where the caller does not say it.
  let version: String?
  /// The commit that a package was built from; nil for what was built in a clone.
  let commit: String?
  /// The hash of the program's file; nil where it cannot be read.
  let program: String?
  /// Rank 0's.
  let host: String
  /// That take part.
  let ranks: Int
  /// Of each rank.
  let threads: Int
  /// The words of the command line.
  let command: String

  /// This process's start.
  init(version: String?, _ coordinator: Coordinator) {
    let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    self.version = version
    program = (try? FileHash("/proc/self/exe"))?.digits
    commit = executable.flatMap(Self.commit)
    host = HostName.current
    ranks = coordinator.worldSize
    threads = coordinator.threadCount
    command = CommandLine.arguments.map(Self.word).joined(separator: " ")
  }

  /// The commit in the file BUILT of the package that a program lies in.
  private static func commit(ofProgram path: String) -> String? {
    let place = URL(fileURLWithPath: path).deletingLastPathComponent().deletingLastPathComponent()
    let built = place.appendingPathComponent("BUILT").path
    let lines = (try? WholeFile.text(built, limit: 1 << 16))?.split(separator: "\n") ?? []
    return lines.first { $0.hasPrefix("commit ") }.map { String($0.dropFirst(7)) }
  }

  /// A word as a shell would need it.
  private static func word(_ text: String) -> String {
    let isPlain =
      !text.isEmpty && text.allSatisfy { $0.isLetter || $0.isNumber || "/._-=,:+@%".contains($0) }
    return isPlain ? text : "'\(text.replacingOccurrences(of: "'", with: "'\\''"))'"
  }

  /// The first line of a start in the log's file.
  var heading: String {
    let build = [version, commit.map { "commit \($0)" }, program.map { "program \($0)" }]
      .compactMap { $0 }.joined(separator: ", ")
    return "\(Date().formatted(.iso8601)) \(build.isEmpty ? "rdd" : build); host \(host); "
      + "ranks \(ranks), threads of each \(threads); \(command)"
  }
}
