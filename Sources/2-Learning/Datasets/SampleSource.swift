import ImageIO

/// The label of pixels that count nowhere.
package let ignoreIndex: UInt8 = 255

/// A photo and the class of each of its pixels.
package struct LabelledImage: Equatable, Sendable {
  /// The photo `[H, W, 3]`.
  package var image: RGBImage
  /// The class indices `[H, W]`; 255 is ignored.
  package var labels: GrayImage

  /// A photo with labels of the same size.
  package init(image: RGBImage, labels: GrayImage) {
    precondition(
      image.width == labels.width && image.height == labels.height,
      "image \(image.width) x \(image.height), labels \(labels.width) x \(labels.height)")
    self.image = image
    self.labels = labels
  }
}

/// Where labelled images come from: a list of files, synthetic scenes.
///
/// A sample depends on nothing but its index, whichever rank or thread asks for it.
package protocol SampleSource: Sendable {
  /// The number of samples.
  var count: Int { get }
  /// The classes that the labels index.
  var classes: ClassList { get }
  /// What to call a sample in messages and file names; `index` in `0..<count`.
  func name(_ index: Int) -> String
  /// The names of the files that a sample is read from; none of one that is made.
  func files(_ index: Int) -> [String]
  /// Where a file of a sample is.
  func path(ofFile name: String, _ index: Int) throws -> String
  /// Reads or makes a sample; `index` in `0..<count`. Called from many threads at once.
  func sample(_ index: Int) throws -> LabelledImage
  /// The same samples; reading one throws if `watch` finds a file of it changed.
  func watched(by watch: FileWatch) -> any SampleSource
}

extension SampleSource {
  /// No files.
  package func files(_ index: Int) -> [String] { [] }
  /// The name, of what has no files.
  package func path(ofFile name: String, _ index: Int) throws -> String { name }
  /// The samples as they are, of what has no files.
  package func watched(by watch: FileWatch) -> any SampleSource { self }
}
