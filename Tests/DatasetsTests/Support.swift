import Datasets
import Foundation
import ImageIO
import Randomness

/// A safetensors file of the golden data, just enough of the format to read it.
struct GoldenFile {
  let metadata: [String: String]
  private let tensors: [String: (shape: [Int], range: Range<Int>)]
  private let data: Data

  init(_ name: String) throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fixtures/golden/" + name)
    let file = try Data(contentsOf: url)
    let length = (0..<8).reduce(0) { $0 | Int(file[$1]) << (8 * $1) }
    data = file[(8 + length)...]
    let header =
      try JSONSerialization.jsonObject(with: file[8..<8 + length]) as? [String: Any] ?? [:]
    metadata = header["__metadata__"] as? [String: String] ?? [:]
    var tensors: [String: (shape: [Int], range: Range<Int>)] = [:]
    for case (let name, let entry as [String: Any]) in header {
      guard let shape = entry["shape"] as? [Int], let ends = entry["data_offsets"] as? [Int]
      else { continue }
      tensors[name] = (shape, ends[0]..<ends[1])
    }
    self.tensors = tensors
  }

  func shape(_ name: String) -> [Int] { tensors[name]?.shape ?? [] }

  func bytes(_ name: String) -> [UInt8] {
    guard let range = tensors[name]?.range else { return [] }
    return [UInt8](data[data.startIndex + range.lowerBound..<data.startIndex + range.upperBound])
  }

  func floats(_ name: String) -> [Float] {
    let bytes = bytes(name)
    return stride(from: 0, to: bytes.count, by: 4).map { start in
      Float(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << (8 * $1) })
    }
  }

  /// An image stored `[H, W, 3]` in B, G, R order.
  func imageFromBGR(_ name: String) -> RGBImage {
    let (shape, bgr) = (shape(name), bytes(name))
    let pixels = bgr.indices.map { bgr[$0 - $0 % 3 + 2 - $0 % 3] }
    return RGBImage(width: shape[1], height: shape[0], pixels: pixels)
  }
}

/// A folder that is removed when the test ends.
final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("rdd-datasets-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.resolvingSymlinksInPath().path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func folder(_ name: String) throws {
    try FileManager.default.createDirectory(
      atPath: path + "/" + name, withIntermediateDirectories: true)
  }

  func list(_ text: String, encoding: LabelEncoding) throws -> ListDataset {
    try ListDataset(
      list: ListFile(bytes: Array(text.utf8), path: "train.txt", root: path), encoding: encoding)
  }
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
