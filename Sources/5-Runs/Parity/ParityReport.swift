import Files
import Foundation

/// All lines of a comparison, and what they come to.
package struct ParityReport: Sendable {
  /// The lines.
  package var lines: [ParityLine] = []

  /// Nothing compared yet.
  package init() {}

  /// Whether something was compared and all of it is within its tolerances.
  package var isGood: Bool { !lines.isEmpty && lines.allSatisfy(\.ok) }

  /// How many lines there are and hold, and which one is nearest to its tolerance.
  package var lastLine: String {
    let good = lines.count(where: \.ok)
    guard let worst = lines.max(by: { $0.margin < $1.margin }) else { return "0 lines" }
    return String(
      format: "%d of %d lines ok; the nearest uses %.3g of its tolerance: %@ %@",
      good, lines.count, worst.margin, worst.file, worst.name)
  }

  /// The lines and their counts as one JSON object.
  package var json: String {
    get throws {
      struct Object: Encodable {
        let lines: [ParityLine]
        let count: Int
        let ok: Int
      }
      let object = Object(
        lines: lines, count: lines.count, ok: lines.count(where: \.ok))
      return try JSONText.of(object, spellsNumbers: true)
    }
  }
}

extension ParityLine {
  /// File, tensor, largest errors, tolerance and verdict, in columns.
  package var text: String {
    let title = "\(file) \(name)".padding(toLength: 64, withPad: " ", startingAt: 0)
    guard let absolute, let relative else { return "\(title) not computed  NOT ok" }
    let numbers = String(
      format: "abs %.2e  rel %.2e  tolerance %.1e", absolute, relative, tolerance)
    return "\(title) \(numbers)\(note.map { ", \($0)" } ?? "")  \(ok ? "ok" : "NOT ok")"
  }
}
