import Datasets
import ImageIO
import Networks
import Torch

/// `net_input` and `net`: the networks' input, and whole networks with weights by formula, in
/// evaluation and, without dropout, in training.
enum NetworkFile {
  static func computeInput(
    _ file: ParityFile, _ run: ParityRun
  ) throws(ParityError) -> ComputedTensors {
    let images = try file.photos("in.image_u8_bgr_hwc")
    return ["out.tensor": Computed(images.flatMap { $0.values }.map { Double($0) }, .exact)]
  }

  static func compute(_ file: ParityFile, _ run: ParityRun) throws(ParityError) -> ComputedTensors {
    try file.require("bn_eps", BatchNorm.Settings.usual.epsilon)
    try file.require("bn_momentum", BatchNorm.Settings.usual.momentum)
    let tag = try file.text("weight_tag")
    let name = tag.split(separator: "_", maxSplits: 1).last.map(String.init) ?? ""
    guard let architecture = Architecture(rawValue: name) else {
      throw file.refused(
        "weight_tag", found: "'\(tag.prefix(80))'", expected: "one that ends in a network's name")
    }
    let images = try file.sibling(try file.text("input")).photos("in.image_u8_bgr_hwc")
    let logits = try file.shape("out.eval.main", [images.count, -1, -1, -1])
    let network = SegmentationNetwork(
      architecture, classCount: logits[1],
      start: Initialisation(seed: nil, type: run.precision, device: run.device))
    let formula = WeightFormula(tag: tag)
    formula.fill(network)

    var computed: ComputedTensors = [:]
    for reference in file.references where reference.hasPrefix("ref.weight.") {
      let name = String(reference.dropFirst("ref.weight.".count))
      computed[reference] = Computed(
        network.state[name]?.array(Double.self) ?? [], .exact)
    }
    let range = run.range(of: images.count)
    let batch = run.batch(images, range)
    let outputs = Outputs(run: run, imageCount: images.count, featureCount: network.headWidth ?? 0)
    let evaluated = Autograd.withoutHistory {
      network(batch, .evaluation(precision: run.precision))
    }
    computed.merge(outputs.tensors(of: evaluated, "out.eval", 1e-5)) { $1 }
    guard file.has("out.train.main") else { return computed }
    let pass = Pass.Training(
      reducer: run.reducer, seed: 0, iteration: 1, positions: range, dropout: false)
    let trained = Autograd.withoutHistory {
      network(batch, .training(pass, precision: run.precision))
    }
    computed.merge(outputs.tensors(of: trained, "out.train", 2e-4)) { $1 }
    let sums = try file.json("running_stat_names", [String].self).map { name in
      network.state[name]?.array(Double.self).reduce(0, +) ?? .nan
    }
    computed["out.train.running_stat_sums"] = Computed(
      sums, .largest(run.byPrecision(2e-4, 2e-7)))
    return computed
  }

  /// What a pass says of all ranks' images.
  private struct Outputs {
    let run: ParityRun
    let imageCount: Int
    /// The channels of the features.
    let featureCount: Int

    /// Collective.
    func tensors(
      of output: SegmentationOutput, _ prefix: String, _ single: Double
    ) -> ComputedTensors {
      func gathered(_ tensor: Tensor?) -> [Double] {
        run.gather(tensor?.array(Double.self) ?? [], of: imageCount)
      }
      let tolerance = run.byPrecision(single, 2e-7)
      let feature = gathered(output.feature)
      let auxiliary = gathered(output.auxiliaryLogits)
      let plane = feature.count / imageCount / featureCount
      return [
        "\(prefix).main": Computed(gathered(output.logits), .largest(tolerance)),
        "\(prefix).aux": Computed(auxiliary, .largest(tolerance)),
        "\(prefix).feature_image0_ch0_15": Computed(
          Array(feature.prefix(16 * plane)), .largest(tolerance)),
        "\(prefix).feature_sum_sumsq": Computed(
          [feature.reduce(0, +), feature.reduce(0) { $0 + $1 * $1 }], .each(tolerance)),
      ]
    }
  }
}

/// A photo as a network's input, `[3, H, W]`.
struct Photo: Sendable {
  let height: Int
  let width: Int
  let values: [Float]
}

extension ParityFile {
  /// Photos `[B, H, W, 3]` with the mean subtracted, as training and evaluation do it.
  func photos(_ name: String) throws(ParityError) -> [Photo] {
    try image(name, shape: [-1, -1, -1, 3]).map {
      Photo(height: $0.height, width: $0.width, values: Normalisation.normalise($0))
    }
  }
}

extension ParityRun {
  /// Some of photos of one size as a batch, `[n, 3, H, W]`; n may be 0.
  func batch(_ photos: [Photo], _ range: Range<Int>) -> Tensor {
    tensor(
      photos[range].flatMap(\.values), [range.count, 3, photos[0].height, photos[0].width])
  }
}
