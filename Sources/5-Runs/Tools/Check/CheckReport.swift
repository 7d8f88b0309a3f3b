import Files
import Foundation
import Steps

/// What `rdd check` found out.
package struct CheckReport: Sendable {
  /// Something that would end a run.
  package struct Problem: Sendable, Equatable {
    /// The one line that the run would end with.
    package let line: String
    /// The exit code that it would end with.
    package let code: Int32
    /// Equal for problems of one cause, which are told in one line; 0 for one that stands alone.
    let cause: UInt64

    /// What ends the run, of this cause.
    package init(line: String, code: Int32, cause: UInt64 = 0) {
      (self.line, self.code, self.cause) = (line, code, cause)
    }
  }

  /// What is known, in order: a name and a sentence.
  package private(set) var rows: [(name: String, value: String)] = []
  /// What makes a run slow or vain, but possible.
  package private(set) var warnings: [String] = []
  /// What would end a run; empty if all is well.
  package internal(set) var problems: [Problem] = []

  /// No rows, no problems.
  package init() {}

  /// Adds a row, of which no part of a name or path that somebody else chose makes two.
  package mutating func note(_ name: String, _ value: String) {
    rows.append((escaped(name), escaped(value)))
  }

  mutating func warn(_ text: String) { warnings.append(text) }

  mutating func fail(_ error: any Error, cause: UInt64 = 0) {
    problems.append(
      Problem(
        line: String(describing: error), code: TrainingError.exitCode(of: error), cause: cause))
  }

  /// The problems with those of one cause in the line of their first, which says how many they are.
  package static func folded(_ problems: [Problem]) -> [Problem] {
    let counts = problems.reduce(into: [UInt64: Int]()) { $0[$1.cause, default: 0] += 1 }
    var told: Set<UInt64> = [0]
    return problems.compactMap { problem in
      guard problem.cause != 0 else { return problem }
      guard told.insert(problem.cause).inserted else { return nil }
      let others = (counts[problem.cause] ?? 1) - 1
      guard others > 0 else { return problem }
      return Problem(
        line: "\(problem.line); the same of \(others) other\(others == 1 ? "" : "s")",
        code: problem.code, cause: problem.cause)
    }
  }

  /// Runs a part of the check; what it throws becomes a problem.
  mutating func attempt<Result>(_ part: () throws -> Result) -> Result? {
    do {
      return try part()
    } catch {
      fail(error)
      return nil
    }
  }

  /// The rows as a table: two columns, of which the second has lines of its own.
  ///
  /// - Parameter columns: the width of what shows it, of which no more than 120 characters are used; nil
  ///   for other programs, which find each row in one line.
  package func table(columns: Int? = nil) -> String {
    let width = rows.map(\.name.count).max() ?? 0
    // Beside long names of a narrow terminal there must be room for some words.
    let room = columns.map { max(min($0, Self.widest) - width - 2, 40) }
    return rows.map { name, value in
      let lines = room.map(value.lines) ?? [value]
      return name.padding(toLength: width, withPad: " ", startingAt: 0) + "  "
        + lines.joined(separator: "\n" + String(repeating: " ", count: width + 2))
    }.joined(separator: "\n")
  }

  /// The eye finds the next of longer lines badly.
  private static let widest = 120
}

/// Amounts of memory for people.
enum ByteCount {
  /// As `850 KiB`, `12.5 MiB` or `3.2 GiB`.
  static func text(_ bytes: Int) -> String {
    let value = Double(bytes)
    if bytes < 1 << 20 { return String(format: "%.0f KiB", value / 1024) }
    if bytes < 1 << 30 { return String(format: "%.1f MiB", value / 1_048_576) }
    return String(format: "%.1f GiB", value / 1_073_741_824)
  }
}
