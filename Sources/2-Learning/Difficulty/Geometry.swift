/// The sizes of a step and how its work is cut into tasks.
///
/// The cut depends on the sizes only, never on the number of threads or ranks, so that sums are
/// always made of the same parts in the same order.
final class Geometry {
  let classCount: Int
  let lowHeight: Int
  let lowWidth: Int
  let height: Int
  let width: Int
  /// The width in whole vectors: the row stride of label and probability maps.
  let paddedWidth: Int
  /// Columns: from `lowWidth` to `width`.
  let columns: AlignedAxis
  /// Rows: from `lowHeight` to `height`.
  let rows: AlignedAxis

  /// The number of low-resolution rows of one task.
  static let bandsPerChunk = 8

  /// The sizes that it was made for.
  let sizes: DifficultyInputs.Sizes

  init(_ sizes: DifficultyInputs.Sizes) {
    self.sizes = sizes
    classCount = sizes.classCount
    lowHeight = sizes.lowHeight
    lowWidth = sizes.lowWidth
    height = sizes.height
    width = sizes.width
    columns = AlignedAxis(inputCount: lowWidth, outputCount: width)
    rows = AlignedAxis(inputCount: lowHeight, outputCount: height)
    paddedWidth = columns.paddedCount
  }

  /// The number of tasks of one image.
  var chunkCount: Int { (lowHeight + Self.bandsPerChunk - 1) / Self.bandsPerChunk }
  /// The number of values of one image in a padded full-resolution map.
  var mapSize: Int { height * paddedWidth }
  /// The number of values of one class of one image at low resolution.
  var planeSize: Int { lowHeight * lowWidth }
  /// The number of logits of one image.
  var imageSize: Int { classCount * planeSize }
  /// Low-resolution rows of one task.
  func bands(_ chunk: Int) -> Range<Int> {
    chunk * Self.bandsPerChunk..<min((chunk + 1) * Self.bandsPerChunk, lowHeight)
  }
  /// The full-resolution rows whose lower neighbour is the low-resolution row `band`.
  func outputRows(_ band: Int) -> Range<Int> { rows.firstOutput[band]..<rows.firstOutput[band + 1] }
}
