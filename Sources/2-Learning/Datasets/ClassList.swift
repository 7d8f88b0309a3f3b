import ImageIO

/// The classes of a dataset: names and the colours that pictures of labels are painted in.
package struct ClassList: Equatable, Sendable {
  /// The name of each class.
  package let names: [String]
  /// The colour of each class.
  package let colours: [RGBColour]
  /// The number of classes, C.
  package var count: Int { names.count }

  /// Classes of these names and colours; 1 to 254 of them.
  package init(names: [String], colours: [RGBColour]) {
    precondition(
      names.count == colours.count && (1...ClassList.maximumCount).contains(names.count),
      "\(names.count) names, \(colours.count) colours; expected 1 to \(ClassList.maximumCount) of each"
    )
    self.names = names
    self.colours = colours
  }

  /// Numbered classes with colours that differ from each other.
  package init(count: Int) {
    self.init(names: (0..<count).map { "class \($0)" }, colours: ClassList.distinctColours(count))
  }

  /// The most classes: a label of one byte names 0 to 253 beside 254 (not a class) and 255 (ignored).
  package static let maximumCount = 254

  /// 256 colours for a palette PNG of labels: the classes, then black; 255 is white.
  package var palette: [RGBColour] {
    var palette = [RGBColour](repeating: RGBColour(0, 0, 0), count: 256)
    palette.replaceSubrange(0..<count, with: colours)
    palette[Int(ignoreIndex)] = RGBColour(255, 255, 255)
    return palette
  }

  /// Colours that differ from each other, as PASCAL VOC makes them: the bits of the index, three
  /// at a time, become the highest bits of red, green and blue.
  static func distinctColours(_ count: Int) -> [RGBColour] {
    (0..<count).map { index in
      var colour = RGBColour(0, 0, 0)
      for level in 0..<3 {
        let bits = UInt8(truncatingIfNeeded: index >> (3 * level))
        let shift = UInt8(7 - level)
        colour.red |= (bits & 1) << shift
        colour.green |= (bits >> 1 & 1) << shift
        colour.blue |= (bits >> 2 & 1) << shift
      }
      return colour
    }
  }
}

extension ClassList {
  /// Classes of a table of names and colours.
  init(table: [(name: String, red: UInt8, green: UInt8, blue: UInt8)]) {
    self.init(
      names: table.map(\.name), colours: table.map { RGBColour($0.red, $0.green, $0.blue) })
  }
}
