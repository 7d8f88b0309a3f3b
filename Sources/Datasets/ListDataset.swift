import ImageIO

/// The samples of a list file.
public struct ListDataset: SampleSource {
  /// The list.
  public let list: ListFile
  /// How the label files name classes.
  public let encoding: LabelEncoding
  /// What an image may measure at most.
  public let limits: ImageLimits
  private let decoder: LabelDecoder

  /// A dataset over a list; no image is touched.
  public init(list: ListFile, encoding: LabelEncoding, limits: ImageLimits = .standard) {
    self.list = list
    self.encoding = encoding
    self.limits = limits
    decoder = LabelDecoder(encoding)
  }

  /// The number of samples.
  public var count: Int { list.count }
  /// The classes of the encoding.
  public var classes: ClassList { encoding.classes }
  /// The image's path in the list.
  public func name(_ index: Int) -> String { list[index].image }

  /// Reads an image and its labels; `DatasetError` names the file that is at fault.
  public func sample(_ index: Int) throws -> LabelledImage {
    let (imagePath, labelPath) = try paths(index)
    do {
      let image = try ImageFile.readRGB(imagePath, limits: limits)
      var labels = try ImageFile.readLabels(labelPath, limits: limits)
      try checkSize(
        labelPath, labels: (labels.width, labels.height), image: (image.width, image.height))
      try decoder.decode(&labels, path: labelPath)
      return LabelledImage(image: image, labels: labels)
    } catch let error as ImageError {
      throw DatasetError(error)
    }
  }

  /// Reads the headers of a sample's two files and throws the first fault.
  func checkHeaders(_ index: Int) throws {
    let (imagePath, labelPath) = try paths(index)
    do {
      let image = try ImageFile.header(imagePath, limits: limits)
      guard image.canHoldPhoto else {
        throw ImageError(
          .unsupported, path: imagePath,
          reason:
            "a JPEG photo of \(image.channels) channels\(image.channels == 4 ? " (CMYK)" : ""); "
            + "expected gray or RGB; convert it to RGB")
      }
      let labels = try ImageFile.header(labelPath, limits: limits)
      guard labels.canHoldLabels else {
        throw ImageError(
          .unsupported, path: labelPath,
          reason: "\(labels.format), \(labels.channels) channels of \(labels.depth) bits; "
            + "expected a PNG of one class index of at most 8 bits a pixel")
      }
      try checkSize(
        labelPath, labels: (labels.width, labels.height), image: (image.width, image.height))
    } catch let error as ImageError {
      throw DatasetError(error)
    }
  }

  private func paths(_ index: Int) throws(DatasetError) -> (image: String, label: String) {
    let entry = list[index]
    return (
      try list.resolve(entry.image, line: entry.line),
      try list.resolve(entry.label, line: entry.line)
    )
  }

  private func checkSize(
    _ path: String, labels: (width: Int, height: Int), image: (width: Int, height: Int)
  ) throws(DatasetError) {
    guard labels == image else {
      throw DatasetError(
        .size, at: path,
        "\(labels.width) x \(labels.height) pixels; "
          + "expected \(image.width) x \(image.height) as its image")
    }
  }
}
