import Datasets
import ImageIO

/// `preproc`: scale, crop, mirror and mean of a Cityscapes photo with recorded draws.
enum PreprocessingFile {
  /// The recorded draws of one case.
  private struct Case: Decodable, Sendable {
    let n: Int
    let scale_index: Int
    let h_off: Int
    let w_off: Int
    let mirrored: Bool
  }

  static func compute(_ file: ParityFile, _ run: ParityRun) throws(ParityError) -> ComputedTensors {
    let crop = try file.json("crop", [Int].self)
    guard crop.count == 2, crop.allSatisfy({ (1...1 << 14).contains($0) }) else {
      throw file.refused("crop", found: "\(crop)", expected: "height and width")
    }
    let image = try file.image("in.image_u8_bgr_hwc", shape: [-1, -1, 3])[0]
    var labels = GrayImage(
      width: image.width, height: image.height,
      pixels: try file.bytes("in.label_u8", [image.height, image.width]))
    do { try LabelDecoder(.cityscapes).decode(&labels, path: file.path) } catch {
      throw ParityError(error)
    }
    let sample = LabelledImage(image: image, labels: labels)
    let augmentation = Augmentation(crop: CropSize(height: crop[0], width: crop[1]), seed: 0)
    let cases = try file.json("cases", [Case].self)
    let mine = run.range(of: cases.count)
    var computed: ComputedTensors = [:]
    for (index, item) in cases.enumerated() {
      let draws = try draws(item, sample, augmentation.crop, file)
      let isMine = mine.contains(index)
      var parts: [(String, [Double])] = []
      let (pixels, classes) = isMine ? apply(augmentation, draws, sample) : ([], [])
      let count = augmentation.crop.pixelCount
      parts.append(("image_chw", isMine ? pixels : .init(repeating: 0, count: 3 * count)))
      parts.append(("label", isMine ? classes : .init(repeating: 0, count: count)))
      if file.has("out.\(item.n).resized_u8") {
        let resized = Resize.bilinear(image, factor: draws.factor)
        let bgr = resized.pixels.channelsReversed.map { isMine ? Double($0) : 0 }
        parts.append(("resized_u8", bgr))
      }
      for (name, values) in parts {
        var values = values
        run.reducer.sum(&values)
        computed["out.\(item.n).\(name)"] = Computed(values, .exact)
      }
    }
    return computed
  }

  private static func draws(
    _ item: Case, _ sample: LabelledImage, _ crop: CropSize, _ file: ParityFile
  ) throws(ParityError) -> AugmentationDraws {
    guard (0...15).contains(item.scale_index) else {
      throw file.refused("cases", found: "scale_index \(item.scale_index)", expected: "0 to 15")
    }
    let draws = AugmentationDraws(
      scaleIndex: item.scale_index, rowOffset: item.h_off, columnOffset: item.w_off,
      isMirrored: item.mirrored)
    func last(_ length: Int, _ crop: Int) -> Int {
      max(Resize.length(length, factor: draws.factor) - crop, 0)
    }
    guard (0...last(sample.image.height, crop.height)).contains(item.h_off),
      (0...last(sample.image.width, crop.width)).contains(item.w_off)
    else {
      throw file.refused(
        "cases", found: "offsets \(item.h_off), \(item.w_off)", expected: "a crop in the image")
    }
    return draws
  }

  private static func apply(
    _ augmentation: Augmentation, _ draws: AugmentationDraws, _ sample: LabelledImage
  ) -> (image: [Double], labels: [Double]) {
    let count = augmentation.crop.pixelCount
    var image = [Float](repeating: .nan, count: 3 * count)
    var labels = [UInt8](repeating: 0, count: count)
    image.withUnsafeMutableBufferPointer { image in
      labels.withUnsafeMutableBufferPointer { labels in
        augmentation.apply(draws, to: sample, image: image, labels: labels)
      }
    }
    return (image.map { Double($0) }, labels.map { Double(Int8(bitPattern: $0)) })
  }
}

extension ParityFile {
  /// Photos that are stored in blue, green, red order, `[H, W, 3]` or `[B, H, W, 3]`.
  func image(_ name: String, shape: [Int]) throws(ParityError) -> [RGBImage] {
    let shape = try self.shape(name, shape)
    let bgr = try bytes(name, shape)
    let (height, width) = (shape[shape.count - 3], shape[shape.count - 2])
    let size = 3 * height * width
    return (0..<bgr.count / size).map { index in
      let pixels = Array(bgr[index * size..<(index + 1) * size]).channelsReversed
      return RGBImage(width: width, height: height, pixels: pixels)
    }
  }
}

extension [UInt8] {
  /// Pixels of three channels in the other order: BGR from RGB, or RGB from BGR.
  fileprivate var channelsReversed: [UInt8] {
    indices.map { index -> UInt8 in
      let pixel = index - index % 3
      return self[pixel + 2 - index % 3]
    }
  }
}
