import Foundation
import Methods
import Networks
import Torch

/// `kd_cirkd_memory`: two calls of CIRKD's memories, with small rings and recorded random orders.
enum MemoryFile {
  static func compute(_ file: ParityFile, _ run: ParityRun) throws(ParityError) -> ComputedTensors {
    let classes = try file.whole("num_classes", 1...255)
    let sizes = (
      pixel: try file.whole("pixel_memory_size", 1...100_000),
      region: try file.whole("region_memory_size", 1...100_000)
    )
    let contrast = (
      pixel: try file.whole("pixel_contrast_per_class", 1...sizes.pixel),
      region: try file.whole("region_contrast_per_class", 1...sizes.region)
    )
    try file.require("contrast_temperature", 0.1)
    try file.require("pixel_update_freq", 16)
    try file.require("contrast_kd_temperature", 1)
    let options = [
      "batch": "0", "pixel": try file.text("lambda_pixel"),
      "region": try file.text("lambda_region"),
      "pixel_memory": "\(sizes.pixel)", "region_memory": "\(sizes.region)",
      "pixel_contrast": "\((contrast.pixel - 1) * classes)",
      "region_contrast": "\((contrast.region - 1) * classes)", "enqueue": "image",
    ]
    let calls = [
      try MethodInputs(file, prefix: "in.0.", run, classCount: classes),
      try MethodInputs(file, prefix: "in.1.", run, classCount: classes),
    ]
    let suite = try calls[0].suite("cirkd", options, file)
    let tag = try projectionTag(file)
    fill(suite, tag: tag)
    var orders = try Orders(file)
    var computed: ComputedTensors = [:]
    for (index, inputs) in calls.enumerated() {
      let known = try orders.next(
        file, "in.\(index).target", classCount: classes, step: inputs.step, sizes: sizes)
      (suite.distillers[0] as? CrossImage)?.order = { known[$0] ?? [] }
      let outcome = suite.evaluate(inputs.step)
      Autograd.backward([(outcome.root, nil)])
      let terms = Dictionary(uniqueKeysWithValues: outcome.terms)
      let prefix = "out.\(index)."
      computed[prefix + "pixel_region"] = Computed(
        [terms["cirkd.pixel"] ?? .nan, terms["cirkd.region"] ?? .nan],
        .each(run.byPrecision(1e-5, 1e-9)))
      let leaf = inputs.leaves[0].leaf
      computed[prefix + "grad_s"] = Computed(
        inputs.gathered(leaf.gradient ?? leaf.zerosLike),
        .largest(run.byPrecision(2e-5, 2e-7)))
      for entry in suite.entries where entry.role == .parameter {
        let name = entry.name.components(after: "project_head.")
        let sums = MethodFile.summed(entry.tensor, run)
        computed[prefix + "grad_\(name)_sum_sumsq"] = Computed(
          [sums.reduce(0, +), sums.reduce(0) { $0 + $1 * $1 }],
          Tolerance(scale: .pair, relative: [run.byPrecision(2e-4, 2e-7)]))
        entry.tensor.gradient = nil
      }
      computed.merge(state(suite, prefix, run)) { $1 }
    }
    let region = values("region_queue", suite)
    computed["out.final_segment_queue_class0"] = Computed(
      Array(region.prefix(region.count / classes)), .largest(run.byPrecision(1e-6, 1e-7)))
    return computed
  }

  private static func values(_ name: String, _ suite: MethodSuite) -> [Double] {
    let entry = suite.entries.first { $0.name.hasSuffix(name) }
    return entry?.tensor.array(Double.self) ?? []
  }

  private static func state(
    _ suite: MethodSuite, _ prefix: String, _ run: ParityRun
  ) -> ComputedTensors {
    let sums = ["pixel_queue", "region_queue"].map { values($0, suite).reduce(0, +) }
    return [
      prefix + "pixel_ptr": Computed(values("pixel_queue_next", suite), .exact),
      prefix + "segment_ptr": Computed(values("region_queue_next", suite), .exact),
      // Whatever its name says, the file holds the sums of the two rings.
      prefix + "queue_sum_sumsqdev": Computed(sums, .each(run.byPrecision(1e-5, 1e-9))),
    ]
  }

  private static func projectionTag(_ file: ParityFile) throws(ParityError) -> String {
    let words = try file.text("project_head").split(separator: " ")
    guard let word = words.first(where: { $0.hasPrefix("tag=") }) else {
      throw file.refused("project_head", found: "no tag", expected: "formula tag=T")
    }
    return String(word.dropFirst("tag=".count))
  }

  /// The projection by the formula, and rings whose rows are normalised.
  private static func fill(_ suite: MethodSuite, tag: String) {
    let formula = WeightFormula(tag: tag)
    Autograd.withoutHistory {
      for entry in suite.entries {
        let shape = entry.tensor.shape
        switch entry.name.split(separator: ".").last {
        case "pixel_queue", "region_queue":
          let name = entry.name.hasSuffix("pixel_queue") ? "pixel" : "segment"
          let raw = formula.signed("teacher_\(name)_queue", count: entry.tensor.count)
          let ring = Tensor(raw, shape).to(.float64)
          let norms = (ring * ring).sum([2], keepingDimensions: true).squareRoot
          entry.tensor.copy(from: ring / norms)
        case "weight", "bias":
          let name = "project_head." + entry.name.components(after: "project_head.")
          entry.tensor.copy(from: Tensor(formula.values(name, shape: shape), shape))
        default: break
        }
      }
    }
  }

  /// The recorded random orders, in the order in which they were drawn.
  private struct Orders {
    private var position = 0

    init(_ file: ParityFile) throws(ParityError) {}

    /// The orders of a call: of each class of each image, then of the two rings.
    mutating func next(
      _ file: ParityFile, _ target: String, classCount: Int, step: MethodStep,
      sizes: (pixel: Int, region: Int)
    ) throws(ParityError) -> [Draw: [Int]] {
      let shape = try file.shape(target, [-1, -1, -1])
      let labels = try file.labels(target, shape, classCount: classCount)
      var orders: [Draw: [Int]] = [:]
      for image in 0..<shape[0] {
        var counts: [Int: Int] = [:]
        for y in 0..<step.height {
          for x in 0..<step.width {
            let row = image * shape[1] + y * shape[1] / step.height
            counts[Int(labels[row * shape[2] + x * shape[2] / step.width]), default: 0] += 1
          }
        }
        for (label, count) in counts.sorted(by: { $0.key < $1.key }) where label < classCount {
          orders[.pixels(position: image, label: label, count: count)] = try order(file, count)
        }
      }
      orders[.pixelMemory(count: sizes.pixel)] = try order(file, sizes.pixel)
      orders[.regionMemory(count: sizes.region)] = try order(file, sizes.region)
      return orders
    }

    private mutating func order(_ file: ParityFile, _ count: Int) throws(ParityError) -> [Int] {
      let digits = String(position)
      let name = "in.randperm." + String(repeating: "0", count: max(3 - digits.count, 0)) + digits
      position += 1
      let values = try file.tensor(name, [count]).doubles ?? []
      let order = values.map { Int($0) }
      guard order.sorted() == Array(0..<count) else {
        throw file.refused(name, found: "other numbers", expected: "an order of \(count)")
      }
      return order
    }
  }
}

extension String {
  /// What follows a part of the text.
  fileprivate func components(after part: String) -> String {
    range(of: part).map { String(self[$0.upperBound...]) } ?? self
  }
}
