import Datasets
import Foundation
import ImageIO
import TestSupport
import Testing

@Suite struct AugmentationTests {
  /// The recorded draws of one golden case.
  private struct Case: Decodable {
    let n: Int
    let scale_index: Int
    let h_off: Int
    let w_off: Int
    let mirrored: Bool
  }

  private func apply(
    _ augmentation: Augmentation, _ draws: AugmentationDraws, _ sample: LabelledImage
  ) -> (image: [Float], labels: [UInt8]) {
    let count = augmentation.crop.pixelCount
    var image = [Float](repeating: .nan, count: 3 * count)
    var labels = [UInt8](repeating: 77, count: count)
    image.withUnsafeMutableBufferPointer { image in
      labels.withUnsafeMutableBufferPointer { labels in
        augmentation.apply(draws, to: sample, image: image, labels: labels)
      }
    }
    return (image, labels)
  }

  @Test func recordedDrawsGiveTheGoldenBits() throws {
    let golden = try GoldenFile("preproc")
    let labelShape = golden.shape("in.label_u8")
    let encoded = try TemporaryFolder()
    // Through the files, so that reading and the label ids are part of the check.
    try PNGWriter.write(golden.imageFromBGR("in.image_u8_bgr_hwc"), to: encoded.path + "/i.png")
    try PNGWriter.write(
      GrayImage(
        width: labelShape[1], height: labelShape[0], pixels: golden.values("in.label_u8")),
      to: encoded.path + "/l.png")
    let sample = try encoded.list("i.png l.png", encoding: .cityscapes).sample(0)
    let cases = try JSONDecoder().decode(
      [Case].self, from: Data(golden.metadata("cases").utf8))
    #expect(cases.count == 4)
    for item in cases {
      let shape = golden.shape("out.\(item.n).label")
      let augmentation = Augmentation(crop: CropSize(height: shape[0], width: shape[1]), seed: 0)
      let draws = AugmentationDraws(
        scaleIndex: item.scale_index, rowOffset: item.h_off, columnOffset: item.w_off,
        isMirrored: item.mirrored)
      let output = apply(augmentation, draws, sample)
      let expected: [Float] = golden.values("out.\(item.n).image_chw")
      // Outcomes first: a failed expectation would print a hundred thousand numbers.
      let isSameImage = output.image.map(\.bitPattern) == expected.map(\.bitPattern)
      #expect(isSameImage && !expected.isEmpty, "case \(item.n)")
      // The golden labels are signed: -1 has the bits of 255.
      let isSameLabels = output.labels == golden.values("out.\(item.n).label")
      #expect(isSameLabels, "case \(item.n)")
      if golden.has("out.\(item.n).resized_u8") {
        let resized = Resize.bilinear(sample.image, factor: draws.factor)
        let isSameSize = resized == golden.imageFromBGR("out.\(item.n).resized_u8")
        #expect(isSameSize, "case \(item.n)")
      }
    }
  }

  @Test func windowEqualsCropOfTheWholeResizedImage() {
    let sample = LabelledImage(
      image: noise(width: 41, height: 33), labels: noiseLabels(width: 41, height: 33))
    for scaleIndex in 0...15 {
      for (height, width) in [(17, 23), (40, 50), (90, 30)] {
        let augmentation = Augmentation(crop: CropSize(height: height, width: width), seed: 3)
        var draws = AugmentationDraws(
          scaleIndex: scaleIndex, rowOffset: 0, columnOffset: 0, isMirrored: false)
        let image = Resize.bilinear(sample.image, factor: draws.factor)
        let labels = Resize.nearest(sample.labels, factor: draws.factor)
        draws.rowOffset = max(image.height - height, 0)
        draws.columnOffset = max(image.width - width, 0) / 2
        for isMirrored in [false, true] {
          draws.isMirrored = isMirrored
          let output = apply(augmentation, draws, sample)
          var expected = (image: [Float](), labels: [UInt8]())
          for plane in 0..<3 {
            for y in 0..<height {
              for x in 0..<width {
                let column = draws.columnOffset + (isMirrored ? width - 1 - x : x)
                let row = draws.rowOffset + y
                let isInside = row < image.height && column < image.width
                let index = row * image.width + column
                let mean = Normalisation.meanBGR[plane]
                expected.image.append(
                  isInside ? Float(Double(image.pixels[3 * index + 2 - plane]) - mean) : 0)
                if plane == 0 { expected.labels.append(isInside ? labels.pixels[index] : 255) }
              }
            }
          }
          let isSame = output.image == expected.image && output.labels == expected.labels
          #expect(isSame, "scale \(scaleIndex), \(height) x \(width)")
        }
      }
    }
  }

  @Test func drawsDependOnSeedIterationAndPositionOnly() {
    let crop = CropSize(height: 20, width: 20)
    var seen: Set<String> = []
    for seed in 0..<3 {
      for iteration in 1...3 {
        for position in 0..<3 {
          let augmentation = Augmentation(crop: crop, seed: UInt64(seed))
          let draws = augmentation.draws(
            iteration: iteration, position: position, height: 4000, width: 4000)
          let again = Augmentation(crop: crop, seed: UInt64(seed)).draws(
            iteration: iteration, position: position, height: 4000, width: 4000)
          #expect(draws == again)
          seen.insert("\(draws)")
        }
      }
    }
    #expect(seen.count == 27)
  }

  @Test func drawsReachEveryValueEquallyOften() {
    let augmentation = Augmentation(crop: CropSize(height: 30, width: 30), seed: 5)
    var scales = [Int](repeating: 0, count: 16)
    var mirrored = 0
    var offsets: Set<Int> = []
    for position in 0..<16_000 {
      let draws = augmentation.draws(iteration: 1, position: position, height: 32, width: 16)
      scales[draws.scaleIndex] += 1
      mirrored += draws.isMirrored ? 1 : 0
      if draws.scaleIndex == 5 { offsets.insert(draws.rowOffset) }
      if draws.factor * 16 <= 30 { #expect(draws.columnOffset == 0) }
    }
    #expect(scales.allSatisfy { abs($0 - 1000) < 150 })
    #expect(abs(mirrored - 8000) < 300)
    #expect(offsets == [0, 1, 2])
  }

  @Test func withoutChanceTheMiddleIsSeenUnscaled() {
    let sample = LabelledImage(
      image: noise(width: 13, height: 6), labels: noiseLabels(width: 13, height: 6))
    let augmentation = Augmentation(
      crop: CropSize(height: 8, width: 4), seed: 9, isRandom: false)
    let draws = augmentation.draws(iteration: 4, position: 2, height: 6, width: 13)
    #expect(
      draws
        == AugmentationDraws(scaleIndex: 5, rowOffset: 0, columnOffset: 4, isMirrored: false))
    #expect(draws.factor == 1)
    let output = apply(augmentation, draws, sample)
    for y in 0..<8 {
      for x in 0..<4 {
        let expected = y < 6 ? sample.labels.pixels[13 * y + x + 4] : 255
        #expect(output.labels[4 * y + x] == expected)
      }
    }
  }

  @Test func normalisedImageIsTheMiddleOfItself() {
    let image = noise(width: 9, height: 7)
    let sample = LabelledImage(image: image, labels: noiseLabels(width: 9, height: 7))
    let augmentation = Augmentation(
      crop: CropSize(height: 7, width: 9), seed: 9, isRandom: false)
    let draws = augmentation.draws(iteration: 1, position: 0, height: 7, width: 9)
    #expect(apply(augmentation, draws, sample).image == Normalisation.normalise(image))
  }
}
