import ImageIO

/// The samples of a list file.
package struct ListDataset: SampleSource {
  /// The list.
  package let list: ListFile
  /// How the label files name classes.
  package let encoding: LabelEncoding
  /// What an image may measure at most.
  package let limits: ImageLimits
  /// What the EXIF orientations of images and label files do.
  package let turning: Turning
  /// The classes: those of the encoding, or as the user calls them.
  package let classes: ClassList
  private let decoder: LabelDecoder
  private var watch: FileWatch?

  /// A dataset over a list; no image is touched.
  ///
  /// - Parameters:
  ///   - list: the samples.
  ///   - encoding: how the label files name classes.
  ///   - classes: names and colours of the user's own for as many classes; nil for the encoding's.
  ///   - limits: what an image may measure at most.
  ///   - turning: what EXIF orientations do.
  package init(
    list: ListFile, encoding: LabelEncoding, classes: ClassList? = nil,
    limits: ImageLimits = .standard, turning: Turning = .exif
  ) {
    let classes = classes ?? encoding.classes
    precondition(
      classes.count == encoding.classes.count,
      "\(classes.count) names; expected \(encoding.classes.count), one for each class")
    self.classes = classes
    self.list = list
    self.encoding = encoding
    self.limits = limits
    self.turning = turning
    decoder = LabelDecoder(encoding)
  }

  /// The number of samples.
  package var count: Int { list.count }
  /// The image's path in the list.
  package func name(_ index: Int) -> String { list[index].image }

  /// The image and the label file, as the list names them.
  package func files(_ index: Int) -> [String] { [list[index].image, list[index].label] }

  /// The file under the list's root.
  package func path(ofFile name: String, _ index: Int) throws -> String {
    try list.resolve(name, line: list[index].line)
  }

  /// The same samples, of which `watch` sees every file, image and label in turn.
  package func watched(by watch: FileWatch) -> any SampleSource {
    var dataset = self
    dataset.watch = watch
    return dataset
  }

  /// Reads an image and its labels; `DatasetError` names the file that is at fault.
  package func sample(_ index: Int) throws -> LabelledImage {
    try sample(index) { _ in
    } slip: { _ in
    }
  }

  /// The same; `stored` sees the labels as the file has them, `slip` is told slips of the writers'.
  func sample(
    _ index: Int, stored: (GrayImage) -> Void, slip: (String) -> Void
  ) throws -> LabelledImage {
    let (imagePath, labelPath) = try paths(index)
    do {
      let image = try ImageFile.readRGB(
        imagePath, limits: limits, turning: turning, watch: watch(of: 2 * index, imagePath),
        slip: slip)
      var labels = try ImageFile.readLabels(
        labelPath, limits: limits, turning: turning, watch: watch(of: 2 * index + 1, labelPath),
        slip: slip)
      try checkSize(
        labels: (labelPath, labels.width, labels.height),
        image: (imagePath, image.width, image.height))
      stored(labels)
      try decoder.decode(&labels, path: labelPath)
      return LabelledImage(image: image, labels: labels)
    } catch let error as ImageError {
      throw DatasetError(error)
    }
  }

  /// Reads a sample's labels alone; throws if a value is none of the encoding's.
  ///
  /// - Parameter stored: sees them as the file has them, before.
  func checkLabels(_ index: Int, stored: (GrayImage) -> Void) throws {
    let path = try paths(index).label
    do {
      var labels = try ImageFile.readLabels(path, limits: limits, turning: turning)
      stored(labels)
      try decoder.decode(&labels, path: path)
    } catch let error as ImageError {
      throw DatasetError(error)
    }
  }

  /// Reads the headers of a sample's two files and throws the first fault.
  ///
  /// - Parameters:
  ///   - index: in `0..<count`.
  ///   - decodesTorn: whether a file that does not end as its kind does is decoded, to see whether
  ///     pixels are missing.
  /// - Returns: the photo's EXIF orientation, 1 if it is as it is stored.
  @discardableResult
  func checkHeaders(_ index: Int, decodesTorn: Bool) throws -> Int {
    let (imagePath, labelPath) = try paths(index)
    do {
      let image = try ImageFile.header(imagePath, limits: limits, turning: turning)
      guard image.canHoldPhoto else {
        throw ImageError(
          .unsupported, path: imagePath,
          reason: "a JPEG photo of \(image.channels) channels; expected gray, RGB or CMYK; "
            + "convert it to RGB")
      }
      let labels = try ImageFile.header(labelPath, limits: limits, turning: turning)
      guard labels.canHoldLabels else {
        throw ImageError(
          .unsupported, path: labelPath,
          reason: "\(labels.format), \(labels.channels) channels of \(labels.depth) bits; "
            + "expected a PNG of one class index of at most 8 bits a pixel")
      }
      try checkSize(
        labels: (labelPath, labels.width, labels.height),
        image: (imagePath, image.width, image.height))
      if decodesTorn, try !ImageFile.hasEnd(imagePath, image.format, limits: limits) {
        _ = try ImageFile.readRGB(imagePath, limits: limits, turning: turning)
      }
      if decodesTorn, try !ImageFile.hasEnd(labelPath, labels.format, limits: limits) {
        _ = try ImageFile.readLabels(labelPath, limits: limits, turning: turning)
      }
      return image.orientation
    } catch let error as ImageError {
      throw DatasetError(error)
    }
  }

  /// What looks at the file of a number; nil where nothing does.
  private func watch(of file: Int, _ path: String) -> FileBytes.Watch? {
    guard let watch else { return nil }
    return { (mark, bytes) throws(ImageError) in try watch.check(file, path, mark, bytes) }
  }

  private func paths(_ index: Int) throws(DatasetError) -> (image: String, label: String) {
    let entry = list[index]
    return (
      try list.resolve(entry.image, line: entry.line),
      try list.resolve(entry.label, line: entry.line)
    )
  }

  private func checkSize(
    labels: (path: String, width: Int, height: Int), image: (path: String, width: Int, height: Int)
  ) throws(DatasetError) {
    guard labels.width != image.width || labels.height != image.height else { return }
    let header = try? ImageFile.header(image.path, limits: limits, turning: turning)
    let orientation = header?.orientation ?? 1
    let turned =
      orientation == 1
      ? ""
      : ", which its EXIF orientation \(orientation) turns; draw the labels on the turned image, or "
        + "remove the orientation, or leave all as stored by data.orientation: stored"
    throw DatasetError(
      .size, at: labels.path,
      "\(labels.width) x \(labels.height) pixels; "
        + "expected \(image.width) x \(image.height) as its image\(turned)")
  }
}
