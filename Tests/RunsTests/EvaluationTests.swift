import Datasets
import Difficulty
import ImageIO
import Networks
import Recipes
import Reduction
import Runs
import Testing
import Torch

/// Confusion matrices of several scales and of mirrored images, against plain loops.
@Suite struct EvaluationTests {
  private static let classCount = 5

  /// Photos in memory, of two sizes.
  private struct Photos: SampleSource {
    var samples: [LabelledImage]
    var count: Int { samples.count }
    let classes = ClassList(count: EvaluationTests.classCount)

    /// Blocks of colour and labels of stripes.
    init() {
      samples = (0..<5).map { index in
        let (height, width) = index < 3 ? (48, 64) : (41, 56)
        var photo = [UInt8](repeating: 0, count: 3 * height * width)
        for place in photo.indices {
          let (y, x, channel) = (place / 3 / width, place / 3 % width, place % 3)
          photo[place] = UInt8((y / 12 * 37 + x / 16 * 91 * (channel + 1) + index * 53) % 256)
        }
        let labels = (0..<height * width).map {
          UInt8(($0 / width / 7 + $0 % width / 11) % EvaluationTests.classCount)
        }
        return LabelledImage(
          image: RGBImage(width: width, height: height, pixels: photo),
          labels: GrayImage(width: width, height: height, pixels: labels))
      }
    }

    func name(_ index: Int) -> String { "photo \(index)" }
    func sample(_ index: Int) -> LabelledImage { samples[index] }
  }

  /// A network that has seen the photos, so that its answers differ from pixel to pixel.
  private static let network: SegmentationNetwork = {
    let network = SegmentationNetwork(
      "psp_mobile", classCount: classCount, start: Initialisation(seed: 3))
    let photos = Photos().samples.prefix(3).map { Normalisation.normalise($0.image) }
    let images = Tensor(photos.flatMap { $0 }, [3, 3, 48, 64])
    for iteration in 1...40 {
      let pass = Pass.Training(
        reducer: SingleProcess(), seed: 1, iteration: iteration, positions: 0..<3, dropout: false)
      Autograd.withoutHistory { _ = network(images, .training(pass)) }
    }
    // No class is ahead of the others on the average.
    Autograd.withoutHistory {
      let bias = network.state["head.classifier.bias"]
      let logits = network(images, .evaluation()).logits
      let mean = logits.sum([0, 2, 3]) / Double(logits.count / classCount)
      bias?.add(mean, times: -1)
    }
    return network
  }()

  /// The logits of a photo at its own size, `[C, H, W]`, averaged over scales and mirrorings.
  private func averagedLogits(_ photo: RGBImage, _ scales: [Double], flip: Bool) -> [Double] {
    let (height, width, classes) = (photo.height, photo.width, Self.classCount)
    var sum = [Double](repeating: 0, count: classes * height * width)
    for scale in scales {
      let scaled = scale == 1 ? photo : Resize.bilinear(photo, factor: scale)
      for isMirrored in flip ? [false, true] : [false] {
        let logits = logits(scaled, mirrored: isMirrored)
        let (h, w) = (logits.size(2), logits.size(3))
        let values = logits.contiguous().array(Float.self).map(Double.init)
        for y in 0..<height {
          for x in 0..<width {
            let column = isMirrored ? width - 1 - x : x
            let (top, down) = position(y, height, h)
            let (left, right) = position(column, width, w)
            for c in 0..<classes {
              func value(_ y: Int, _ x: Int) -> Double {
                values[(c * h + min(y, h - 1)) * w + min(x, w - 1)]
              }
              let upper = (1 - right) * value(top, left) + right * value(top, left + 1)
              let lower = (1 - right) * value(top + 1, left) + right * value(top + 1, left + 1)
              sum[(c * height + y) * width + x] += (1 - down) * upper + down * lower
            }
          }
        }
      }
    }
    return sum.map { $0 / Double(scales.count * (flip ? 2 : 1)) }
  }

  /// Where an output index reads with corner alignment: the index before, and how far beyond it.
  private func position(_ index: Int, _ count: Int, _ low: Int) -> (Int, Double) {
    let place = Double(index * (low - 1)) / Double(count - 1)
    return (Int(place), place - Double(Int(place)))
  }

  private func logits(_ photo: RGBImage, mirrored: Bool) -> Tensor {
    let (height, width) = (photo.height, photo.width)
    // B, G, R with the published means subtracted.
    let means = [104.00698793, 116.66876762, 122.67891434]
    var values: [Float] = []
    for channel in 0..<3 {
      for y in 0..<height {
        for x in 0..<width {
          let column = mirrored ? width - 1 - x : x
          let byte = photo.pixels[3 * (y * width + column) + 2 - channel]
          values.append(Float(Double(byte) - means[channel]))
        }
      }
    }
    return Autograd.withoutHistory {
      Self.network(Tensor(values, [1, 3, height, width]), .evaluation()).logits
    }
  }

  /// The matrix that is expected; pixels that rounding may decide become ignored in `photos`.
  private func expected(
    _ photos: inout Photos, _ scales: [Double], flip: Bool
  ) -> (matrix: ConfusionMatrix, ignored: Int) {
    var matrix = ConfusionMatrix(classCount: Self.classCount)
    var ignored = 0
    for index in photos.samples.indices {
      let photo = photos.samples[index].image
      let average = averagedLogits(photo, scales, flip: flip)
      let pixels = photo.height * photo.width
      let largest = average.map(\.magnitude).max() ?? 0
      for pixel in 0..<pixels {
        let scores = (0..<Self.classCount).map { (average[$0 * pixels + pixel], $0) }
        let order = scores.sorted { $0.0 > $1.0 }
        if order[0].0 - order[1].0 < 1e-4 * largest {
          photos.samples[index].labels.pixels[pixel] = 255
          ignored += 1
        } else {
          let label = Int(photos.samples[index].labels.pixels[pixel])
          matrix.counts[label * Self.classCount + order[0].1] += 1
        }
      }
    }
    return (matrix, ignored)
  }

  @Test(arguments: [
    ([1.0], false), ([1], true), ([0.5, 1, 1.5], false), ([0.75, 1, 1.25], true), ([2], true),
  ])
  func equalsPlainLoops(_ scales: [Double], _ flip: Bool) throws {
    var photos = Photos()
    let (matrix, ignored) = expected(&photos, scales, flip: flip)
    let predicted = (0..<Self.classCount).filter { c in
      (0..<Self.classCount).contains { matrix.counts[$0 * Self.classCount + c] > 0 }
    }
    #expect(predicted.count > 1 && ignored < 100, "\(predicted) \(ignored)")
    var recipe = Recipe()
    recipe.evaluation.scales = scales
    recipe.evaluation.flip = flip
    recipe.evaluation.batchSize = 2
    for engine in [Recipe.TeacherEngine.eager, .compiled] {
      recipe.teacher.engine = engine
      for ranks in [1, 2, 3] {
        let (source, recipe) = (photos, recipe)
        let found = SimulatedRanks.run(ranks) { reducer in
          Result { try Evaluator(source, recipe, reducer: reducer).confusion(Self.network) }
        }
        for matrixOfRank in found {
          #expect(try matrixOfRank.get() == matrix, "\(engine) on \(ranks) ranks")
        }
      }
    }
  }

  /// More scales, and mirroring, are not the same as none.
  @Test func optionsMatter() throws {
    let photos = Photos()
    func matrix(_ scales: [Double], _ flip: Bool) throws -> ConfusionMatrix {
      var recipe = Recipe()
      recipe.evaluation.scales = scales
      recipe.evaluation.flip = flip
      return try Evaluator(photos, recipe, reducer: SingleProcess()).confusion(Self.network)
    }
    let plain = try matrix([1], false)
    let others = [try matrix([1], true), try matrix([0.75, 1, 1.25], false)]
    #expect(!others.contains(plain) && others[0] != others[1])
    let pixels: Int64 = 3 * 3072 + 2 * 2296
    for matrix in others + [plain] { #expect(matrix.counts.reduce(0, +) == pixels) }
  }

  /// Scores that would mean nothing are told on every rank.
  @Test func faultsAreTold() throws {
    let broken = SegmentationNetwork(
      "psp_mobile", classCount: Self.classCount, start: Initialisation(seed: 3))
    Autograd.withoutHistory { broken.state["head.classifier.bias"]?.fill(.infinity) }
    var unlabelled = Photos()
    for index in unlabelled.samples.indices {
      let count = unlabelled.samples[index].labels.pixels.count
      unlabelled.samples[index].labels.pixels = [UInt8](repeating: ignoreIndex, count: count)
    }
    func faults(_ network: SegmentationNetwork, _ photos: Photos, ranks: Int) throws -> [[String]] {
      try SimulatedRanks.run(ranks) { reducer in
        Result { try Evaluator(photos, Recipe(), reducer: reducer).measure(network).faults }
      }.map { try $0.get() }
    }
    for ranks in [1, 2] {
      #expect(try faults(Self.network, Photos(), ranks: ranks).allSatisfy { $0.isEmpty })
      for told in try faults(broken, unlabelled, ranks: ranks) {
        #expect(told.count == 2, "\(told)")
        #expect(
          told[0].hasPrefix(
            "logits that are not finite in 5 of 5 images, first in photo 0; expected"))
        #expect(
          told[1].hasPrefix("no labelled pixel in 5 images; expected some to measure by; look"))
        #expect(told[1].hasSuffix("at the label files of data.validation_list"))
      }
    }
  }
}
