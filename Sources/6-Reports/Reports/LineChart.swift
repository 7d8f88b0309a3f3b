import Foundation

/// Curves over iterations as an SVG figure.
struct LineChart {
  /// One curve.
  struct Series {
    let name: String
    /// What is not finite has no point.
    let points: [(x: Double, y: Double)]
    /// Which of the page's colours it has.
    let colour: Int
    /// Which of the page's runs it belongs to, and which of its lines the points stand for: the script
    /// finds times and values by them. Nil in a picture of its own.
    var source: (run: Int, lines: String)?
    /// An iteration that is marked, with what happens there.
    var mark: (x: Double, name: String)?
  }

  let title: String
  let series: [Series]
  /// Whether the vertical axis begins at 0.
  var isFromZero = false
  /// Whether a logarithmic axis makes sense.
  var mayBeLogarithmic = false
  /// What the title does not say; empty for nothing.
  var note = ""

  private static let width = 480.0
  private static let height = 250.0
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

  /// The figure with its values as a table; empty if no curve has a point.
  var html: String {
    let drawn = curves
    guard !drawn.isEmpty else { return "" }
    let legend = drawn.map { curve in
      "<span class=\"key\"\(curve.source.map { " data-run=\"\($0.run)\"" } ?? "")>"
        + "<i class=\"c\(curve.colour)\"></i>\(Markup.escaped(curve.name))</span>"
    }
    let explanation = note.isEmpty ? "" : " <span class=\"soft\">\(Markup.escaped(note))</span>"
    return """
      <figure><figcaption>\(Markup.escaped(title))\(explanation)</figcaption>
      <svg viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img" \
      aria-label="\(Markup.escaped(summary(drawn)))" data-title="\(Markup.escaped(title))"\
      \(isFromZero ? " data-zero" : "")\(mayBeLogarithmic ? " data-logarithmic" : "")>\
      \(drawing(drawn))</svg>
      <div class="legend">\(legend.joined(separator: " "))</div>
      <details><summary>Values of \(Markup.escaped(title))</summary>
      \(values(drawn))</details></figure>

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
      <style>\(PageStyle.chart) rect { fill: currentColor; } .paper { fill: var(--paper); }</style>
      <rect class="paper" x="0" y="-24" width="100%" height="100%"/>
      \(Self.text(4, -8, "start", title))\(drawing(drawn))\(keys.joined())
      </svg>

      """
  }

  /// The curves that have points, not more of them than can be seen.
  private var curves: [Series] {
    series.map { curve in
      var thin = Series(
        name: curve.name, points: thinned(curve.points), colour: curve.colour,
        source: curve.source)
      thin.mark = curve.mark
      return thin
    }.filter { $0.points.contains { $0.y.isFinite } }
  }

  /// What the curves show, in words.
  private func summary(_ drawn: [Series]) -> String {
    let curves = drawn.map { curve in
      let points = curve.points.filter { $0.y.isFinite }
      let (first, last) = (points[0], points[points.count - 1])
      return points.count == 1
        ? "\(curve.name): \(Axis.short(last.y)) at \(Axis.short(last.x))"
        : "\(curve.name): from \(Axis.short(first.y)) at \(Axis.short(first.x)) to "
          + "\(Axis.short(last.y)) at \(Axis.short(last.x))"
    }
    return "\(title). \(curves.joined(separator: "; "))"
  }

  private func values(_ drawn: [Series]) -> String {
    let rows = drawn.map { curve in
      let points = curve.points.filter { $0.y.isFinite }
      let (first, last) = (points[0], points[points.count - 1])
      let least = points.dropFirst().reduce(first) { $1.y < $0.y ? $1 : $0 }
      let most = points.dropFirst().reduce(first) { $1.y > $0.y ? $1 : $0 }
      return Table.Row(
        curve.name,
        [first, last, least, most].map {
          .number("\(Axis.short($0.y)) at \(Axis.short($0.x))")
        })
    }
    return Table(
      caption: "\(title): value at iteration",
      columns: ["run", "first", "last", "lowest", "highest"], rows: rows
    ).html
  }

  /// Axes, marks and curves, of which there is one at least.
  private func drawing(_ drawn: [Series]) -> String {
    let all = drawn.flatMap { $0.points.filter { $0.y.isFinite } }
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
    var svg = "<g class=\"axes\">"
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
    if drawn.contains(where: { $0.source != nil }) {
      svg += Self.text(Self.right, Self.bottom + 36, "end", "iteration")
    }
    svg += "</g>"
    for curve in drawn {
      guard let mark = curve.mark, mark.x >= across.least, mark.x <= across.most else { continue }
      svg += "<g class=\"stages c\(curve.colour)\" data-x=\"\(Axis.short(mark.x))\""
      svg += "\(curve.source.map { " data-run=\"\($0.run)\"" } ?? "")>"
      svg += Self.line(px(mark.x), Self.top, px(mark.x), Self.bottom, "mark")
      svg += Self.text(px(mark.x), Self.top - 6, "middle", mark.name) + "</g>"
    }
    for curve in drawn { svg += path(of: curve, px, py) }
    return svg
  }

  /// A curve: its line, and its dots if they are few.
  private func path(
    of curve: Series, _ px: (Double) -> Double, _ py: (Double) -> Double
  ) -> String {
    let points = curve.points.filter { $0.y.isFinite }
    let path = points.map { "\(Self.digits(px($0.x))),\(Self.digits(py($0.y)))" }
    var svg = "<g class=\"curve c\(curve.colour)\">"
    if let source = curve.source {
      let values = curve.points.map { $0.y.isFinite ? Axis.short($0.y) : "" }
      svg =
        "<g class=\"curve c\(curve.colour)\" data-run=\"\(source.run)\" "
        + "data-lines=\"\(source.lines)\" data-values=\"\(values.joined(separator: ","))\">"
    }
    svg += "<polyline points=\"\(path.joined(separator: " "))\"/>"
    // Few points are what was measured, and the line between them is not.
    if points.count <= Self.dotLimit {
      for point in points {
        let (cx, cy) = (Self.digits(px(point.x)), Self.digits(py(point.y)))
        svg += "<circle cx=\"\(cx)\" cy=\"\(cy)\" r=\"3\"/>"
      }
    }
    return svg + "</g>"
  }

  /// Means of neighbours where there are too many points.
  private func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    guard points.count > Self.pointLimit else { return points }
    let points = points.filter { $0.y.isFinite }
    let size = max(1, (points.count + Self.pointLimit - 1) / Self.pointLimit)
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
