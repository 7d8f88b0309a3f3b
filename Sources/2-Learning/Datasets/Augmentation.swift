import ImageIO
import Randomness

/// The size of the window that training sees of an image.
package struct CropSize: Equatable, Sendable {
  /// Rows.
  package var height: Int
  /// Columns.
  package var width: Int
  /// Height times width.
  package var pixelCount: Int { height * width }

  /// A crop of at least one pixel.
  package init(height: Int, width: Int) {
    precondition(height > 0 && width > 0, "crop of \(height) x \(width) pixels")
    self.height = height
    self.width = width
  }
}

/// The random augmentation parameters of one sample.
package struct AugmentationDraws: Equatable, Sendable {
  /// The scale is 0.5 + scaleIndex / 10; 0...15.
  package var scaleIndex: Int
  /// The first row of the crop in the scaled image.
  package var rowOffset: Int
  /// The first column of the crop in the scaled image.
  package var columnOffset: Int
  /// Whether the crop is mirrored left to right.
  package var isMirrored: Bool

  /// Given parameters, as reference files have them; `scaleIndex` is 0 to 15, or the program stops.
  package init(scaleIndex: Int, rowOffset: Int, columnOffset: Int, isMirrored: Bool) {
    precondition((0...15).contains(scaleIndex), "scaleIndex \(scaleIndex) is not in 0...15")
    self.scaleIndex = scaleIndex
    self.rowOffset = rowOffset
    self.columnOffset = columnOffset
    self.isMirrored = isMirrored
  }

  /// The scale that leaves the image as it is.
  package static let originalScaleIndex = 5
  /// The factor by which width and height are multiplied, 0.5 to 2.
  package var factor: Double { 0.5 + Double(scaleIndex) / 10 }
}

/// Scale, crop and mirror of a training sample, and its normalisation.
///
/// A pure function of (seed, iteration, position in the global batch): neither the rank nor the
/// thread nor earlier samples matter. The steps are those of the published training: scale by
/// 0.5 + k / 10 (photo bilinear, labels nearest), subtract the mean, pad below and to the right
/// with 0 and 255 up to the crop, crop, mirror.
package struct Augmentation: Sendable {
  /// The size of the output.
  package let crop: CropSize
  /// The run's seed.
  package let seed: UInt64
  /// Whether parameters are random; if not, the image keeps its scale, is not mirrored, and the crop is
  /// its middle (offsets floor(excess / 2)).
  package let isRandom: Bool

  /// An augmentation to `crop`.
  package init(crop: CropSize, seed: UInt64, isRandom: Bool = true) {
    self.crop = crop
    self.seed = seed
    self.isRandom = isRandom
  }

  /// The draws of a sample of `height` x `width` pixels.
  ///
  /// Order: scale index of 16, row offset, column offset (each inclusive of the last that fits),
  /// mirror of 2 (0 means mirrored). All four are drawn always.
  package func draws(
    iteration: Int, position: Int, height: Int, width: Int
  ) -> AugmentationDraws {
    func excess(_ length: Int, _ factor: Double, _ crop: Int) -> Int {
      max(Resize.length(length, factor: factor) - crop, 0)
    }
    guard isRandom else {
      return AugmentationDraws(
        scaleIndex: AugmentationDraws.originalScaleIndex,
        rowOffset: excess(height, 1, crop.height) / 2,
        columnOffset: excess(width, 1, crop.width) / 2, isMirrored: false)
    }
    var random = CounterRandom(.augmentation, seed: seed, iteration, position)
    var draws = AugmentationDraws(
      scaleIndex: random.integer(below: 16), rowOffset: 0, columnOffset: 0, isMirrored: false)
    draws.rowOffset = random.integer(below: excess(height, draws.factor, crop.height) + 1)
    draws.columnOffset = random.integer(below: excess(width, draws.factor, crop.width) + 1)
    draws.isMirrored = random.integer(below: 2) == 0
    return draws
  }

  /// Applies draws to a sample.
  ///
  /// - Parameters:
  ///   - draws: those of the sample in its iteration.
  ///   - sample: the image and its labels as they were read.
  ///   - image: `[3, H, W]` of the crop, B, G, R, mean subtracted; every value is written.
  ///   - labels: `[H, W]` of the crop; 255 is ignored; every value is written.
  package func apply(
    _ draws: AugmentationDraws, to sample: LabelledImage,
    image: UnsafeMutableBufferPointer<Float>, labels: UnsafeMutableBufferPointer<UInt8>
  ) {
    precondition(
      image.count == 3 * crop.pixelCount && labels.count == crop.pixelCount,
      "buffers of \(image.count) and \(labels.count) values; the crop has \(crop.pixelCount) pixels"
    )
    let height = Resize.length(sample.image.height, factor: draws.factor)
    let width = Resize.length(sample.image.width, factor: draws.factor)
    precondition(
      (0...max(height - crop.height, 0)).contains(draws.rowOffset)
        && (0...max(width - crop.width, 0)).contains(draws.columnOffset),
      "offsets \(draws.rowOffset), \(draws.columnOffset) in \(height) x \(width) pixels")
    let window = Window(
      rows: draws.rowOffset..<min(draws.rowOffset + crop.height, height),
      columns: draws.columnOffset..<min(draws.columnOffset + crop.width, width))
    write(sample.image, draws, window, to: image)
    write(sample.labels, draws, window, to: labels)
  }

  /// The part of the scaled image that the crop shows.
  private struct Window {
    var rows: Range<Int>
    var columns: Range<Int>
  }

  private func write(
    _ image: RGBImage, _ draws: AugmentationDraws, _ window: Window,
    to output: UnsafeMutableBufferPointer<Float>
  ) {
    guard let planes = output.baseAddress else { return }
    if window.rows.count < crop.height || window.columns.count < crop.width {
      output.update(repeating: 0)
    }
    let first = draws.isMirrored ? crop.width - 1 : 0
    Resize.bilinearRows(image, factor: draws.factor, rows: window.rows, columns: window.columns) {
      y, row in
      Normalisation.writeRow(
        row, count: window.columns.count,
        planes: planes + (y - window.rows.lowerBound) * crop.width + first,
        stride: crop.pixelCount, isMirrored: draws.isMirrored)
    }
  }

  private func write(
    _ labels: GrayImage, _ draws: AugmentationDraws, _ window: Window,
    to output: UnsafeMutableBufferPointer<UInt8>
  ) {
    guard let base = output.baseAddress else { return }
    if window.rows.count < crop.height || window.columns.count < crop.width {
      output.update(repeating: ignoreIndex)
    }
    let factor = Resize.effectiveFactor(
      draws.factor, width: labels.width, height: labels.height)
    let rows = Resize.nearestSources(window.rows, length: labels.height, factor: factor)
    let columns = Resize.nearestSources(window.columns, length: labels.width, factor: factor)
    let first = draws.isMirrored ? crop.width - 1 : 0
    let step = draws.isMirrored ? -1 : 1
    labels.pixels.withUnsafeBufferPointer { pixels in
      columns.withUnsafeBufferPointer { columns in
        for (y, sourceRow) in rows.enumerated() {
          let source = UnsafeBufferPointer(rebasing: pixels[(sourceRow * labels.width)...])
          let target = base + (y * crop.width + first)
          for x in 0..<columns.count { target[step &* x] = source[columns[x]] }
        }
      }
    }
  }
}
