/// Swatches with names, in as many lines as the width asks for.
package struct Legend: Sendable {
  /// One line of a legend.
  package struct Entry: Sendable {
    /// What the colour means.
    package let name: String
    /// The swatch.
    package let colour: PictureColour

    /// An entry.
    package init(_ name: String, _ colour: PictureColour) {
      (self.name, self.colour) = (name, colour)
    }
  }

  /// The entries, in reading order.
  package let entries: [Entry]

  /// A legend of the given entries.
  package init(_ entries: [Entry]) { self.entries = entries }

  /// A legend of a palette's classes and of ignored pixels.
  package init(_ palette: ClassPalette) {
    entries =
      zip(palette.names, palette.colours).map { Entry($0, $1) }
      + [Entry("ignored", palette.ignored)]
  }

  /// The legend as a picture `width` columns wide.
  package func picture(width: Int, scale: Int = 1) -> Canvas {
    // As high as capitals with their pen, beside them.
    let swatch = 11 * scale
    let step = (StrokeFont.height + 3) * scale
    var places: [(x: Int, y: Int)] = []
    var (x, y) = (0, 0)
    for entry in entries {
      let wide = swatch + 4 * scale + Canvas.size(of: entry.name, scale: scale).width
      if x > 0, x + wide > width { (x, y) = (0, y + step) }
      places.append((x, y))
      x += wide + 12 * scale
    }
    var picture = Canvas(width: width, height: y + step)
    for (entry, place) in zip(entries, places) {
      let columns = place.x..<place.x + swatch
      let rows = place.y..<place.y + swatch
      picture.fill(x: columns, y: rows, .ink)
      picture.fill(
        x: columns.lowerBound + 1..<columns.upperBound - 1,
        y: rows.lowerBound + 1..<rows.upperBound - 1, entry.colour)
      picture.write(entry.name, x: place.x + swatch + 4 * scale, y: place.y, scale: scale)
    }
    return picture
  }
}
