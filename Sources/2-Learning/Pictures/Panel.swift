/// Pictures side by side, each with a caption above and a key below if it needs one.
package struct Panel: Sendable {
  /// One picture of a panel.
  package struct Tile: Sendable {
    /// The line above the picture.
    package let caption: String
    /// The picture.
    package let picture: Canvas
    /// What explains the picture's colours.
    package let key: Key

    /// A captioned picture.
    package init(_ caption: String, _ picture: Canvas, key: Key = .none) {
      (self.caption, self.picture, self.key) = (caption, picture, key)
    }
  }

  /// What explains a tile's colours.
  package enum Key: Sendable {
    /// Nothing.
    case none
    /// A colour bar with numbers.
    case scale(ColourScale)
    /// Swatches with names.
    case legend(Legend)
  }

  /// The line above all tiles.
  package let title: String
  /// The tiles, in reading order; all pictures have the same size.
  package let tiles: [Tile]
  /// Tiles side by side.
  package let columns: Int
  /// Swatches below all tiles.
  package let legend: Legend?

  /// A panel of tiles of one size.
  package init(title: String, tiles: [Tile], columns: Int = 3, legend: Legend? = nil) {
    precondition(!tiles.isEmpty && columns > 0, "Panel: no tiles or no columns")
    for tile in tiles {
      let (first, other) = (tiles[0].picture, tile.picture)
      precondition(
        other.width == first.width && other.height == first.height,
        "Panel: tile '\(tile.caption)' is \(other.width)x\(other.height), "
          + "the first is \(first.width)x\(first.height)")
    }
    (self.title, self.tiles, self.legend) = (title, tiles, legend)
    self.columns = min(columns, tiles.count)
  }

  /// The panel as a picture.
  ///
  /// Tiles narrower than `tileWidth` are enlarged by a whole factor, each pixel a square; see `Zoom`.
  package func picture(tileWidth: Int = 420) -> Canvas {
    let first = tiles[0].picture
    let zoom = Zoom(
      width: first.width, height: first.height, count: tiles.count, tileWidth: tileWidth)
    let shown = zoom(first)
    let (wide, tall) = (shown.width, shown.height)
    let scale = max(1, min(3, wide / 320))
    let gap = 6 * scale
    let line = StrokeFont.height * scale + 2 * scale
    let keys = tiles.map { Self.draw($0.key, width: wide, scale: scale) }
    let rows = (tiles.count + columns - 1) / columns
    let keyTall = (0..<rows).map { row in
      keys[(row * columns)..<min(row * columns + columns, keys.count)]
        .compactMap { $0.map { $0.height + 3 * scale } }.max() ?? 0
    }
    let across = columns * wide + (columns + 1) * gap
    let swatches = legend?.picture(width: across - 2 * gap, scale: scale)
    let head = title.isEmpty ? gap : gap + line + 2 * scale
    let down =
      head + rows * (line + tall + gap) + keyTall.reduce(0, +) + (swatches.map(\.height) ?? 0)

    var panel = Canvas(width: across, height: down)
    panel.write(title, x: gap, y: gap, scale: scale)
    var y = head
    for row in 0..<rows {
      for column in 0..<columns where row * columns + column < tiles.count {
        let index = row * columns + column
        let x = gap + column * (wide + gap)
        panel.write(tiles[index].caption, x: x, y: y, scale: scale)
        panel.paste(zoom(tiles[index].picture), x: x, y: y + line)
        if let key = keys[index] { panel.paste(key, x: x, y: y + line + tall + 3 * scale) }
      }
      y += line + tall + keyTall[row] + gap
    }
    if let swatches { panel.paste(swatches, x: gap, y: y) }
    return panel
  }

  private static func draw(_ key: Key, width: Int, scale: Int) -> Canvas? {
    switch key {
    case .none: nil
    case .scale(let colours): colours.bar(width: width, scale: scale)
    case .legend(let legend): legend.picture(width: width, scale: scale)
    }
  }
}
