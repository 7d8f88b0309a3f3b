import Datasets
import Foundation
import ImageIO
import Randomness
import TestSupport

extension GoldenFile {
  /// An image stored `[H, W, 3]` in B, G, R order.
  func imageFromBGR(_ name: String) -> RGBImage {
    let (shape, bgr) = (shape(name), values(name, as: UInt8.self))
    let pixels = bgr.indices.map { bgr[$0 - $0 % 3 + 2 - $0 % 3] }
    return RGBImage(width: shape[1], height: shape[0], pixels: pixels)
  }
}

extension TemporaryFolder {
  /// A data set of this folder with the lines of `text` as its list.
  func list(_ text: String, encoding: LabelEncoding) throws -> ListDataset {
    try ListDataset(
      list: ListFile(bytes: Array(text.utf8), path: "train.txt", root: path), encoding: encoding)
  }
}

/// The encoding of a format, by its name; nil if there is none.
func encoding(_ format: String, classCount: Int? = nil) -> LabelEncoding? {
  LabelFormat(rawValue: format).flatMap { LabelEncoding($0, classCount: classCount) }
}

extension LabelEncoding {
  static var camvid: LabelEncoding? { DatasetsTests.encoding("camvid") }
  static var voc: LabelEncoding? { DatasetsTests.encoding("voc") }
}

/// An image of noise.
func noise(width: Int, height: Int, _ key: Int = 0) -> RGBImage {
  var random = CounterRandom(.test, seed: 1, width, height, key)
  return RGBImage(
    width: width, height: height,
    pixels: (0..<3 * width * height).map { _ in UInt8(random.integer(below: 256)) })
}

/// Labels of noise: classes 0 to 10 and 255.
func noiseLabels(width: Int, height: Int, _ key: Int = 0) -> GrayImage {
  var random = CounterRandom(.test, seed: 2, width, height, key)
  return GrayImage(
    width: width, height: height,
    pixels: (0..<width * height).map { _ in
      let value = random.integer(below: 12)
      return value == 11 ? 255 : UInt8(value)
    })
}

/// Samples of noise whose size differs from one to the next.
struct NoiseSource: SampleSource {
  let count: Int
  var classes: ClassList { .camvid }
  func name(_ index: Int) -> String { "noise \(index)" }
  func sample(_ index: Int) -> LabelledImage {
    let (width, height) = (30 + index % 5 * 7, 24 + index % 3 * 5)
    return LabelledImage(
      image: noise(width: width, height: height, index),
      labels: noiseLabels(width: width, height: height, index))
  }
}
