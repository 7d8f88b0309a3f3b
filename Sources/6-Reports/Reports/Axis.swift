import Foundation

/// A range of values with round ticks.
struct Axis {
  let least: Double
  let most: Double
  /// Round values within the range, two to seven of them.
  let ticks: [Double]

  /// The axis of a range, widened where it is empty; the ticks may be whole numbers only.
  init(_ least: Double, _ most: Double, isWhole: Bool = false) {
    let room = most > least ? 0 : max(abs(least) * 0.1, 0.5)
    self.least = least - room
    self.most = most + room
    let rough = (self.most - self.least) / 6
    let power = pow(10, floor(log10(rough)))
    let round = ([1.0, 2, 5, 10].first { $0 * power >= rough } ?? 10) * power
    let step = isWhole ? max(round, 1) : round
    var ticks: [Double] = []
    var tick = (self.least / step).rounded(.up)
    // There are seven at most; where values differ in their last digits alone, one more may be none.
    while tick * step <= self.most + step * 1e-9, ticks.count < 7 {
      ticks.append(tick * step)
      tick += 1
    }
    self.ticks = ticks
  }

  /// Where a value lies, from 0 to 1.
  func share(_ value: Double) -> Double { (value - least) / (most - least) }

  /// A number of a curve: five digits, whole where it has more.
  static func short(_ value: Double) -> String {
    let size = abs(value)
    return String(format: size >= 1e5 && size < 1e15 ? "%.0f" : "%.5g", value)
  }

  /// A tick's text: short, without digits that say nothing.
  static func text(_ value: Double) -> String {
    if value == 0 { return "0" }
    let size = abs(value)
    if size >= 1e6 || size < 1e-3 { return String(format: "%.3g", value) }
    let text = String(format: "%.4f", value)
    var end = text.endIndex
    while text[text.index(before: end)] == "0" { end = text.index(before: end) }
    if text[text.index(before: end)] == "." { end = text.index(before: end) }
    return String(text[..<end])
  }
}
