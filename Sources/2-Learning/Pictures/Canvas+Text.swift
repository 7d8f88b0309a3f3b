extension Canvas {
  /// Writes a line of text with the top left corner of its first letter's place at (`x`, `y`).
  ///
  /// - Parameters:
  ///   - text: characters that the font lacks are question marks.
  ///   - x: column; what lies outside the picture is left out, as of rows.
  ///   - y: row.
  ///   - scale: the size: a line of text is 15 times as many rows high, capitals 9 times.
  ///   - colour: of the letters; their edges are mixed with what is below.
  package mutating func write(
    _ text: String, x: Int, y: Int, scale: Int = 1, colour: PictureColour = .ink
  ) {
    var left = x
    for character in text {
      if let glyph = StrokeFont.glyph(character) {
        for stroke in glyph.strokes { draw(stroke, x: left, y: y, scale: Float(scale), colour) }
      }
      left += Self.advance(character) * scale
    }
  }

  /// Columns and rows of a line of text.
  package static func size(of text: String, scale: Int = 1) -> (width: Int, height: Int) {
    (text.reduce(0) { $0 + advance($1) } * scale, StrokeFont.height * scale)
  }

  private static func advance(_ character: Character) -> Int {
    StrokeFont.glyph(character)?.advance ?? StrokeFont.space
  }

  /// Draws a line with a round pen: each pixel as much as the pen covers it.
  private mutating func draw(
    _ stroke: [StrokeFont.Point], x: Int, y: Int, scale: Float, _ colour: PictureColour
  ) {
    // Whole numbers of units are middles of pixels at scale 1.
    let points = stroke.map { point in
      StrokeFont.Point(
        x: Float(x) + (point.x + 0.5) * scale,
        y: Float(y) + (Float(StrokeFont.base) - point.y + 0.5) * scale)
    }
    let reach = StrokeFont.pen * scale / 2
    guard let least = points.map(\.x).min(), let most = points.map(\.x).max(),
      let top = points.map(\.y).min(), let bottom = points.map(\.y).max()
    else { return }
    let columns = Int(least - reach - 1)..<Int(most + reach + 2)
    let rows = Int(top - reach - 1)..<Int(bottom + reach + 2)
    for row in rows.clamped(to: 0..<height) {
      for column in columns.clamped(to: 0..<width) {
        let centre = StrokeFont.Point(x: Float(column) + 0.5, y: Float(row) + 0.5)
        let nearest =
          zip(points, points.dropFirst())
          .map { centre.distance(from: $0, to: $1) }.min() ?? .infinity
        let share = min(max(reach + 0.5 - nearest, 0), 1)
        if share > 0 { self[column, row] = self[column, row].mixed(with: colour, share) }
      }
    }
  }
}

extension StrokeFont.Point {
  /// How far this point is from a straight line between two others.
  fileprivate func distance(from a: Self, to b: Self) -> Float {
    let (dx, dy) = (b.x - a.x, b.y - a.y)
    let length = dx * dx + dy * dy
    let along = length > 0 ? min(max(((x - a.x) * dx + (y - a.y) * dy) / length, 0), 1) : 0
    let (ex, ey) = (x - a.x - along * dx, y - a.y - along * dy)
    return (ex * ex + ey * ey).squareRoot()
  }
}
