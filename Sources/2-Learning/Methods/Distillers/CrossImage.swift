import Networks
import Torch

/// `cirkd`: relations between the pixels of different images, in the batch and in memories.
///
/// Mini-batch part: for all ordered pairs of images of the global batch, the divergence between the
/// networks' softmax rows of cosines over 0.1. The published code pairs the images of each GPU alone;
/// here the pairs do not depend on the number of ranks.
///
/// Memory parts: the same between a pixel and samples of two queues of each class: teacher pixels and
/// teacher class means. The student's features pass a trained projection. Labels decide what is
/// enqueued (before the comparison) and which pixels count. The published code means to enqueue random
/// pixels of a class, and takes random ones of the first positions of the image; `enqueue: image` does
/// that, for comparison.
///
/// Scope `distill`: pixels are weighted by the difficulty map; what is enqueued is not.
package final class CrossImage: Distiller {
  /// Its row in the table of methods.
  package static let card = MethodCard(
    name: "cirkd", title: "relations between pixels of different images",
    source: "Yang et al. 2022, arXiv 2204.06986", weight: 1,
    needs: [.teacher, .features, .labels],
    options: [
      .factor("batch", 1, "Factor of the pairs of the batch."),
      .factor("pixel", 0.1, "Factor of the memory of pixels."),
      .factor("region", 0.1, "Factor of the memory of class means."),
      .integer("pixel_memory", 20_000, 1...1_000_000, "Pixels of each class in the memory."),
      .integer("region_memory", 2_000, 1...1_000_000, "Means of each class in the memory."),
      .integer("pixel_contrast", 4096, 1...1_000_000, "Pixels of the memory in a comparison."),
      .integer("region_contrast", 1024, 1...1_000_000, "Means of the memory in a comparison."),
      .word(
        "enqueue", ["class", "image"],
        "Pixels that enter the memory: of the class, or (as published) of the first positions."),
    ])

  private static let temperature = 0.1
  private let weights: (batch: Double, pixel: Double, region: Double)
  private let memory: PixelMemory?

  /// The random orders; replaced where reference numbers bring their own.
  package var order: (Draw) -> [Int] {
    get { memory?.order ?? { _ in [] } }
    set { memory?.order = newValue }
  }

  /// The method with these options, between these networks.
  package init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError) {
    weights = (options["batch"], options["pixel"], options["region"])
    memory =
      weights.pixel > 0 || weights.region > 0 ? PixelMemory(options, setting, scope) : nil
  }

  /// What a step must have for it.
  package var needs: MethodNeeds {
    memory == nil ? [.teacher, .features] : [.teacher, .features, .labels]
  }

  /// What it asks of all ranks.
  package func request(_ requests: MethodRequests, _ step: MethodStep) {
    if weights.batch > 0 {
      let (student, teacher) = step.features
      requests.gather("student", rows: rows(student), isLive: true)
      requests.gather("teacher", rows: rows(teacher))
      if step.difficulty != nil { requests.gather("map", rows: step.weights.reshaped([-1, 1])) }
    }
    memory?.request(requests, step)
  }

  /// Its terms of a step.
  package func terms(_ step: MethodStep, _ reduced: Reduced) -> [Term] {
    var terms: [Term] = []
    if weights.batch > 0 {
      terms.append(Term("batch", pairs(step, reduced), weight: weights.batch))
    }
    if let memory {
      let (pixel, region) = memory.compare(
        step, reduced, temperature: Self.temperature,
        parts: (weights.pixel > 0, weights.region > 0))
      if let pixel { terms.append(Term("pixel", pixel, weight: weights.pixel)) }
      if let region { terms.append(Term("region", region, weight: weights.region)) }
    }
    return terms
  }

  /// Features as unit rows, `[n * hw, F]`.
  private func rows(_ feature: Tensor) -> Tensor {
    Losses.normalised(feature, 1).permuted([0, 2, 3, 1]).reshaped([-1, feature.size(1)])
  }

  /// The images' shares of the mean over pairs, `[n]`: pairs whose first image is theirs. A pair
  /// whose second image alone is this rank's adds a gradient, and exactly nothing to the value.
  private func pairs(_ step: MethodStep, _ reduced: Reduced) -> Tensor {
    let size = step.height * step.width
    let lengths = [Int](repeating: size, count: step.batchSize)
    let student = reduced.rows("student").parts(lengths)
    let teacher = reduced.rows("teacher").parts(lengths)
    let maps = step.difficulty.map { _ in reduced.rows("map").parts(lengths) }
    let total = reduced.weight(.all, step) * Double(step.batchSize)
    func value(_ first: Int, _ second: Int) -> Tensor {
      let divergence = Losses.divergence(
        teacher[first].product(teacher[second].permuted([1, 0])),
        student[first].product(student[second].permuted([1, 0])), temperature: Self.temperature
      ).reshaped([1, size])
      return (maps.map { divergence * $0[first].reshaped([1, size]) } ?? divergence).imageSums
    }
    var shares = step.positions.map { _ in
      Tensor.zeros([1], .float64, device: step.lowLabels.device)
    }
    for first in 0..<step.batchSize {
      let isOwn = step.positions.contains(first)
      for second in 0..<step.batchSize where isOwn || step.positions.contains(second) {
        let (value, image) = (value(first, second), isOwn ? first : second)
        let place = image - step.positions.lowerBound
        shares[place] = shares[place] + (isOwn ? value : value - value.detached)
      }
    }
    return Losses.column(shares, like: step.lowLabels) / (total > 0 ? total : 1)
  }
}
