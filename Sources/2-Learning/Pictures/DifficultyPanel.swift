/// What the method sees in one image: photo, labels, both predictions, the weights of the first
/// stage and the pixels of the second.
package struct DifficultyPanel: Sendable {
  /// The image.
  package let photo: Canvas
  /// The classes' names and colours.
  package let palette: ClassPalette
  /// What is written above all tiles.
  package let title: String
  /// Labels `[height, width]`, 255 where ignored; nil where nobody drew them.
  package let labels: [UInt8]?
  /// The teacher's classes `[height, width]`.
  package var teacher: [UInt8]?
  /// The classes of the student, or of a network without a teacher, `[height, width]`.
  package var student: [UInt8]?
  /// The weights of TFE-RDD `[height, width]`, exp(-KL) in (0, 1].
  package var weights: [Float]?
  /// The pixels of TSE-RDD `[height, width]` that are hard for the teacher and for the student.
  package var hard: (teacher: [Bool], student: [Bool])?

  /// A panel of an image and its labels `[height, width]`; the other tiles are there when set.
  package init(title: String, photo: Canvas, labels: [UInt8]?, palette: ClassPalette) {
    precondition(
      labels.map { $0.count == photo.width * photo.height } ?? true,
      "DifficultyPanel: \(labels?.count ?? 0) labels for \(photo.width)x\(photo.height)")
    (self.title, self.photo, self.labels, self.palette) = (title, photo, labels, palette)
  }

  /// Pixels hard for the student alone: vermilion, far from the teacher's blue for all eyes.
  package static let studentOnly = PictureColour(230, 97, 1)
  /// Pixels hard for the teacher alone.
  package static let teacherOnly = PictureColour(64, 176, 255)
  /// Pixels hard for both.
  package static let both = PictureColour(250, 240, 190)

  /// The panel as a picture; see `Panel.picture`.
  package func picture(tileWidth: Int = 420) -> Canvas {
    Panel(title: title, tiles: tiles, legend: Legend(palette)).picture(tileWidth: tileWidth)
  }

  /// The tiles that are set, in the order of the method.
  package var tiles: [Panel.Tile] {
    let (width, height) = (photo.width, photo.height)
    var tiles = [Panel.Tile("photo", photo)]
    if let labels {
      tiles.append(Panel.Tile("labels", palette.mask(labels, width: width, height: height)))
    }
    if let teacher {
      tiles.append(
        Panel.Tile(
          palette.caption("teacher", teacher, labels: labels),
          palette.mask(teacher, width: width, height: height))
      )
    }
    if let student {
      // Without a teacher the network may be one itself.
      let name = teacher == nil ? "prediction" : "student"
      tiles.append(
        Panel.Tile(
          palette.caption(name, student, labels: labels),
          palette.mask(student, width: width, height: height))
      )
    }
    if let weights {
      let scale = ColourScale()
      tiles.append(
        Panel.Tile(
          "TFE weight exp(-KL)", scale.map(weights, width: width, height: height),
          key: .scale(scale)))
    }
    if let hard { tiles.append(selection(hard.teacher, hard.student)) }
    return tiles
  }

  /// The tile of hard pixels over the dimmed photo.
  private func selection(_ teacher: [Bool], _ student: [Bool]) -> Panel.Tile {
    precondition(
      teacher.count == photo.width * photo.height && student.count == teacher.count,
      "DifficultyPanel: masks of \(teacher.count) and \(student.count) for "
        + "\(photo.width)x\(photo.height) pixels")
    let pairs = zip(teacher, student)
    let studentAlone = pairs.map { !$0 && $1 }
    let teacherAlone = pairs.map { $0 && !$1 }
    let shared = pairs.map { $0 && $1 }
    let masks = [
      ("student only", studentAlone, Self.studentOnly),
      ("teacher only", teacherAlone, Self.teacherOnly), ("both", shared, Self.both),
    ]
    let entries = masks.map { name, mask, colour in
      Legend.Entry("\(name) \(ClassPalette.percent(mask.count { $0 }, of: mask.count))", colour)
    }
    return Panel.Tile(
      "TSE: hard for", photo.marked(masks.map { ($0.1, $0.2) }), key: .legend(Legend(entries)))
  }
}
