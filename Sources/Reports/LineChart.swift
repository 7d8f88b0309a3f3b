import Foundation

/// Curves over iterations as an SVG figure.
struct LineChart {
  /// One curve.
  struct Series {
    let name: String
    let points: [(x: Double, y: Double)]
    /// Which of the page's colours it has.
    let colour: Int
  }

  let title: String
  let series: [Series]
  /// Iterations that are marked, with what happens there.
  var marks: [(x: Double, name: String)] = []
  /// Whether the vertical axis begins at 0.
  var isFromZero = false

  private static let width = 480.0
  private static let height = 240.0
  private static let left = 52.0
  private static let right = 470.0
  private static let top = 20.0
  private static let bottom = 210.0
  /// More points than there are pixels show nothing more.
  private static let pointLimit = 400
  /// Half the width of a digit of the axes.
  private static let halfDigit = 3.5
  /// As many points at most are dots too.
  private static let dotLimit = 12

  /// The figure; empty if no curve has a point.
  var html: String {
    let drawn = curves
    guard !drawn.isEmpty else { return "" }
    let legend = drawn.map {
      "<span class=\"key\"><i class=\"c\($0.colour)\"></i>\(Markup.escaped($0.name))</span>"
    }
    return """
      <figure><figcaption>\(Markup.escaped(title))</figcaption>
      <svg viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img" \
      aria-label="\(Markup.escaped(title))">\(drawing(drawn))</svg>
      <div class="legend">\(legend.joined(separator: " "))</div></figure>

      """
  }

  /// The figure as a picture of its own, with title and legend inside; SVG.
  var picture: String {
    let drawn = curves
    let line = 18.0
    let keys = drawn.enumerated().map { index, curve in
      let y = Self.height + line * Double(index)
      return "<g class=\"c\(curve.colour)\"><rect x=\"\(Self.digits(Self.left))\" "
        + "y=\"\(Self.digits(y - 6))\" width=\"14\" height=\"4\"/></g>"
        + Self.text(Self.left + 20, y, "start", curve.name)
    }
    let height = Int(Self.height + line * Double(drawn.count) + 24)
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -24 \(Int(Self.width)) \(height)" \
      width="\(2 * Int(Self.width))" height="\(2 * height)">
      <style>\(PageStyle.css) rect { fill: currentColor; } .paper { fill: var(--paper); }</style>
      <rect class="paper" x="0" y="-24" width="100%" height="100%"/>
      \(Self.text(4, -8, "start", title))\(drawing(drawn))\(keys.joined())
      </svg>

      """
  }

  /// The curves that have points, not more of them than can be seen.
  private var curves: [Series] {
    series.map { Series(name: $0.name, points: thinned($0.points), colour: $0.colour) }
      .filter { !$0.points.isEmpty }
  }

  /// Axes, marks and curves, of which there is one at least.
  private func drawing(_ drawn: [Series]) -> String {
    let all = drawn.flatMap(\.points)
    var x = (least: all[0].x, most: all[0].x)
    var y = (least: all[0].y, most: all[0].y)
    for point in all {
      x = (min(x.least, point.x), max(x.most, point.x))
      y = (min(y.least, point.y), max(y.most, point.y))
    }
    if isFromZero { y = (min(0, y.least), max(0, y.most)) }
    let (across, up) = (Axis(x.least, x.most, isWhole: true), Axis(y.least, y.most))
    func px(_ value: Double) -> Double {
      Self.left + across.share(value) * (Self.right - Self.left)
    }
    func py(_ value: Double) -> Double { Self.bottom - up.share(value) * (Self.bottom - Self.top) }
    var svg = ""
    for tick in up.ticks {
      svg += Self.line(Self.left, py(tick), Self.right, py(tick), "grid")
      svg += Self.text(Self.left - 6, py(tick) + 4, "end", Axis.text(tick))
    }
    for tick in across.ticks {
      // A number at the edge moves inwards, so that none of it is cut off.
      let text = Axis.text(tick)
      let limit = Self.width - 1 - Self.halfDigit * Double(text.count)
      svg += Self.text(min(px(tick), limit), Self.bottom + 18, "middle", text)
    }
    for mark in marks where mark.x >= across.least && mark.x <= across.most {
      svg += Self.line(px(mark.x), Self.top, px(mark.x), Self.bottom, "mark")
      svg += Self.text(px(mark.x), Self.top - 6, "middle", mark.name)
    }
    for curve in drawn {
      let path = curve.points.map { "\(Self.digits(px($0.x))),\(Self.digits(py($0.y)))" }
      svg += "<polyline class=\"c\(curve.colour)\" points=\"\(path.joined(separator: " "))\"/>"
      // Few points are what was measured, and the line between them is not.
      guard curve.points.count <= Self.dotLimit else { continue }
      for point in curve.points {
        let (cx, cy) = (Self.digits(px(point.x)), Self.digits(py(point.y)))
        svg += "<circle class=\"c\(curve.colour)\" cx=\"\(cx)\" cy=\"\(cy)\" r=\"3\"/>"
      }
    }
    return svg
  }

  /// Means of neighbours where there are too many points; what is not finite leaves no point.
  private func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    let points = points.filter { $0.y.isFinite }
    guard points.count > Self.pointLimit else { return points }
    let size = (points.count + Self.pointLimit - 1) / Self.pointLimit
    return stride(from: 0, to: points.count, by: size).map { start in
      let part = points[start..<min(start + size, points.count)]
      let count = Double(part.count)
      return (
        part.reduce(0) { $0 + $1.x } / count, part.reduce(0) { $0 + $1.y } / count
      )
    }
  }

  private static func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ kind: String
  ) -> String {
    "<line class=\"\(kind)\" x1=\"\(digits(x1))\" y1=\"\(digits(y1))\" x2=\"\(digits(x2))\" "
      + "y2=\"\(digits(y2))\"/>"
  }

  private static func text(
    _ x: Double, _ y: Double, _ anchor: String, _ text: String
  ) -> String {
    "<text x=\"\(digits(x))\" y=\"\(digits(y))\" text-anchor=\"\(anchor)\">"
      + "\(Markup.escaped(text))</text>"
  }

  private static func digits(_ value: Double) -> String { String(format: "%.1f", value) }
}

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
    while tick * step <= self.most + step * 1e-9 {
      ticks.append(tick * step)
      tick += 1
    }
    self.ticks = ticks
  }

  /// Where a value lies, from 0 to 1.
  func share(_ value: Double) -> Double { (value - least) / (most - least) }

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
