import Files
import Foundation

extension Comparison {
  /// The comparison as text: a table of the groups, then one of their differences.
  package var table: String {
    let width = max(5, rows.map { escaped($0.name).count }.max() ?? 0)
    var lines = [
      "mean IoU in percent, \(weights.rawValue) weights, mean +- standard deviation over seeds", "",
      Self.padded("run", width) + Self.right("seeds", 7) + Self.right("mean IoU", 16)
        + Self.right("pixel accuracy", 17) + Self.right("time", 9),
    ]
    for row in rows {
      lines.append(
        Self.padded(escaped(row.name), width) + Self.right("\(row.seeds.count)", 7)
          + Self.right(row.meanIoU.text, 16) + Self.right(row.pixelAccuracy.text, 17)
          + Self.right(Self.time(row.seconds.mean), 9)
          + (row.isUnfinished ? "  not finished" : "")
          + (row.damagedLines > 0 ? "  \(row.damagedLines) damaged lines left out" : ""))
    }
    guard !pairs.isEmpty else { return lines.joined(separator: "\n") }
    lines += ["", "differences of mean IoU in points, with 95 % intervals"]
    for pair in pairs {
      let name = escaped("\(pair.first) - \(pair.second)")
      lines.append("\(name): \(pair.difference?.text ?? "not compared: \(pair.obstacle ?? "")")")
    }
    return lines.joined(separator: "\n")
  }

  /// Seconds as minutes and seconds; a question mark for what no run takes.
  static func time(_ seconds: Double) -> String {
    guard let whole = Int(exactly: seconds.rounded()) else { return "?" }
    return whole < 60
      ? "\(whole)s" : "\(whole / 60)m" + (whole % 60 < 10 ? "0" : "") + "\(whole % 60)s"
  }

  static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(1, width - text.count)) + text
  }
}

extension Spread {
  /// Mean and standard deviation, with two digits.
  var text: String {
    let mean = String(format: "%.2f", mean)
    return standardDeviation.map { mean + String(format: " +- %.2f", $0) } ?? mean
  }
}

extension Difference {
  /// The difference, its interval, and whether that leaves out 0.
  var text: String {
    let value = String(format: "%+.2f", mean)
    guard let halfWidth else { return value + " (one seed: no interval)" }
    let interval = String(format: " [%+.2f, %+.2f]", mean - halfWidth, mean + halfWidth)
    let basis = pairs.map { "\($0) pairs of equal seed" } ?? "no seed in common"
    return value + interval + (isClear ? ", clear" : ", within the noise") + " (\(basis))"
  }
}
