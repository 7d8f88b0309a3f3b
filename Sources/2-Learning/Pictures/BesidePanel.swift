/// Two students beside each other in one image: what both see, and where only one of them is right.
package struct BesidePanel: Sendable {
  /// A student.
  package struct Student: Sendable {
    /// What it is called.
    package let name: String
    /// Its classes `[height, width]`.
    package let classes: [UInt8]

    /// A student that sees these classes.
    package init(_ name: String, _ classes: [UInt8]) { (self.name, self.classes) = (name, classes) }
  }

  private let title: String
  private let photo: Canvas
  private let labels: [UInt8]
  private let palette: ClassPalette
  private let first: Student
  private let second: Student

  /// A panel of an image, its labels `[height, width]` and what two students see.
  package init(
    title: String, photo: Canvas, labels: [UInt8], palette: ClassPalette, first: Student,
    second: Student
  ) {
    let count = photo.width * photo.height
    precondition(
      [labels.count, first.classes.count, second.classes.count].allSatisfy { $0 == count },
      "BesidePanel: \(labels.count) labels, \(first.classes.count) and \(second.classes.count) classes "
        + "for \(photo.width)x\(photo.height) pixels")
    (self.title, self.photo, self.labels, self.palette) = (title, photo, labels, palette)
    (self.first, self.second) = (first, second)
  }

  /// Pixels that the first student alone has right: vermilion, far from blue for all eyes.
  package static let firstOnly = DifficultyPanel.studentOnly
  /// Pixels that the second student alone has right.
  package static let secondOnly = DifficultyPanel.teacherOnly

  /// The share of the labelled pixels that the second student has right, less that of the first.
  package var gain: Double {
    let valid = palette.validCount(labels)
    return valid == 0 ? 0 : Double(onlySecond.count { $0 } - onlyFirst.count { $0 }) / Double(valid)
  }

  /// The panel as a picture; see `Panel.picture`.
  package func picture(tileWidth: Int = 420) -> Canvas {
    Panel(title: title, tiles: tiles, legend: Legend(palette)).picture(tileWidth: tileWidth)
  }

  /// Photo, labels, both students, and the photo with the pixels that one of them has right.
  package var tiles: [Panel.Tile] {
    let (width, height) = (photo.width, photo.height)
    let valid = palette.validCount(labels)
    let masks = [
      ("only \(first.name)", onlyFirst, Self.firstOnly),
      ("only \(second.name)", onlySecond, Self.secondOnly),
    ]
    let entries = masks.map { name, mask, colour in
      Legend.Entry(
        valid == 0 ? name : "\(name) \(ClassPalette.percent(mask.count { $0 }, of: valid))", colour)
    }
    return [
      Panel.Tile("photo", photo),
      Panel.Tile("labels", palette.mask(labels, width: width, height: height)),
      Panel.Tile(
        palette.caption(first.name, first.classes, labels: labels),
        palette.mask(first.classes, width: width, height: height)),
      Panel.Tile(
        palette.caption(second.name, second.classes, labels: labels),
        palette.mask(second.classes, width: width, height: height)),
      Panel.Tile(
        "only one is right", photo.marked(masks.map { ($0.1, $0.2) }), key: .legend(Legend(entries))
      ),
    ]
  }

  private var onlyFirst: [Bool] { right(first, and: second) }
  private var onlySecond: [Bool] { right(second, and: first) }

  /// Where one student is right and another is not.
  private func right(_ student: Student, and other: Student) -> [Bool] {
    labels.indices.map { index in
      Int(labels[index]) < palette.colours.count && student.classes[index] == labels[index]
        && other.classes[index] != labels[index]
    }
  }
}
