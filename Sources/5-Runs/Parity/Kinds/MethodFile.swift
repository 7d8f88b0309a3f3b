import Foundation
import Methods
import Networks
import Torch

/// `otherKD`: the losses of the methods that RDD is combined with, and their gradients.
enum MethodFile {
  /// What a file's name stands for.
  private struct Case {
    /// The method's name in recipes.
    let method: String
    /// Its options, factors of 1 in place of the published ones.
    let options: [String: String]
    /// For each `out.*`, the terms whose sum it is.
    let outputs: [String: [String]]
    /// The relative errors of gradients in float32.
    var gradient = 2e-5
  }

  private static let cases: [String: Case] = [
    "kd_at": Case(method: "at", options: [:], outputs: ["loss": ["at"]]),
    "kd_fitnet": Case(method: "fitnet", options: [:], outputs: ["loss": ["fitnet"]]),
    "kd_cwd": Case(
      method: "cwd", options: ["logits": "1", "features": "1"],
      outputs: ["logit_loss": ["cwd.logits"], "feature_loss": ["cwd.features"]]),
    "kd_skd": Case(
      method: "structured", options: ["pixel": "0", "pair": "1"],
      outputs: ["loss": ["structured.pair"]]),
    "kd_ifvd": Case(method: "ifvd", options: [:], outputs: ["loss": ["ifvd"]]),
    "kd_dsd": Case(
      method: "dsd", options: ["psd": "1", "csd": "1"],
      outputs: ["psd": ["dsd.psd"], "csd": ["dsd.csd"]]),
    "kd_dist": Case(
      method: "dist", options: [:], outputs: ["loss": ["dist.inter", "dist.intra"]]),
    "kd_dist_4d": Case(
      method: "dist", options: ["intra_over": "batch"],
      outputs: ["loss": ["dist.inter", "dist.intra"]], gradient: 2e-4),
    "kd_cirkd_minibatch": Case(
      method: "cirkd", options: ["pixel": "0", "region": "0"],
      outputs: ["loss": ["cirkd.batch"]]),
  ]

  static func compute(_ file: ParityFile, _ run: ParityRun) throws(ParityError) -> ComputedTensors {
    if file.name == "kd_cirkd_memory" { return try MemoryFile.compute(file, run) }
    guard let known = cases[file.name] else {
      throw file.refused(
        "file name", found: file.name,
        expected: (cases.keys.sorted() + ["kd_cirkd_memory"]).joined(separator: ", "))
    }
    let inputs = try MethodInputs(file, prefix: "in.", run)
    let suite = try inputs.suite(known.method, known.options, file)
    try fill(suite, file, run)
    let outcome = suite.evaluate(inputs.step)
    Autograd.backward([(outcome.root, nil)])
    let terms = Dictionary(uniqueKeysWithValues: outcome.terms)
    var computed: ComputedTensors = [:]
    for (name, parts) in known.outputs {
      computed["out.\(name)"] = Computed(
        [parts.reduce(0) { $0 + (terms[$1] ?? .nan) }], .each(run.byPrecision(1e-5, 1e-9)))
    }
    let tolerance = Tolerance.largest(run.byPrecision(known.gradient, 2e-7))
    for (name, leaf) in inputs.leaves {
      computed["out.grad_\(name)"] = Computed(
        inputs.gathered(leaf.gradient ?? leaf.zerosLike), tolerance)
    }
    for entry in suite.entries where entry.role == .parameter {
      let sums = summed(entry.tensor, run)
      computed["out.grad_param_conv_first1024"] = Computed(Array(sums.prefix(1024)), tolerance)
      computed["out.grad_param_conv_sum_sumsq"] = Computed(
        [sums.reduce(0, +), sums.reduce(0) { $0 + $1 * $1 }],
        Tolerance(scale: .each, relative: [run.byPrecision(2e-4, 2e-7)]))
    }
    return computed
  }

  /// A parameter's gradient over all ranks. Collective.
  static func summed(_ parameter: Tensor, _ run: ParityRun) -> [Double] {
    var values =
      parameter.gradient?.array(Double.self)
      ?? [Double](repeating: 0, count: parameter.count)
    run.reducer.sum(&values)
    return values
  }

  /// Fills a projection by the formula that the metadata name: `formula tag=T name=N shape=S`.
  private static func fill(
    _ suite: MethodSuite, _ file: ParityFile, _ run: ParityRun
  ) throws(ParityError) {
    for entry in suite.entries where entry.role == .parameter {
      let words = try file.text("conv_weight").split(separator: " ")
      func value(_ key: String) throws(ParityError) -> String {
        guard let word = words.first(where: { $0.hasPrefix("\(key)=") }) else {
          throw file.refused("conv_weight", found: "no \(key)", expected: "tag=T name=N")
        }
        return String(word.dropFirst(key.count + 1))
      }
      let values = WeightFormula(tag: try value("tag")).values(
        try value("name"), shape: entry.tensor.shape)
      Autograd.withoutHistory { entry.tensor.copy(from: Tensor(values, entry.tensor.shape)) }
    }
  }
}

/// The tensors of a file of `otherKD`, as a step.
struct MethodInputs {
  let step: MethodStep
  /// The student's tensors by the names of their gradients: `s`, `s_main`, `s_aux`.
  let leaves: [(name: String, leaf: Tensor)]
  private let run: ParityRun
  private let imageCount: Int
  private let classCount: Int
  private let widths: (student: Int, teacher: Int)

  /// The tensors whose names begin with `prefix`.
  ///
  /// - Parameter classCount: where the file has no logits that say it.
  init(
    _ file: ParityFile, prefix: String, _ run: ParityRun, classCount: Int? = nil
  ) throws(ParityError) {
    // Without spatial dimensions the rows are pixels, each an image of its own.
    let isFlat = try file.tensor(named: prefix + "s").shape.count == 2
    func tensor(_ name: String) throws(ParityError) -> (Tensor, [Int])? {
      guard file.has(prefix + name) else { return nil }
      var shape = try file.shape(prefix + name, isFlat ? [-1, -1] : [-1, -1, -1, -1])
      let values = try file.floats(prefix + name, shape)
      if isFlat { shape += [1, 1] }
      let range = run.range(of: shape[0])
      return (run.tensor(values, shape).narrowed(0, range).clone(), shape)
    }
    // A file of the class probabilities alone has the logits as s and t.
    let logitsOnly = file.name.hasPrefix("kd_dist")
    guard let s = try tensor("s"), let t = try tensor("t") else {
      throw file.refused(prefix + "s", found: "no such tensor", expected: "\(prefix)s, \(prefix)t")
    }
    let (main, auxiliary) = (try tensor("s_main"), try tensor("s_aux"))
    var leaves = [("s", s.0)]
    if let main { leaves.append(("s_main", main.0)) }
    if let auxiliary { leaves.append(("s_aux", auxiliary.0)) }
    for (_, leaf) in leaves { leaf.requiresGradient = true }
    self.leaves = leaves
    self.run = run
    imageCount = s.1[0]
    let range = run.range(of: imageCount)
    let grid = Array(s.1[2...])
    var known = classCount ?? main?.1[1]
    if known == nil, file.has("in.target") { known = try file.whole("classes", 1...255) }
    self.classCount = logitsOnly ? s.1[1] : known ?? 1
    widths = (s.1[1], t.1[1])
    let none = Tensor.zeros(
      [range.count, self.classCount] + grid, run.precision, device: run.device)
    var labels = Tensor.full([range.count] + grid, 255, .int64, device: run.device)
    if file.has(prefix + "target") {
      let shape = try file.shape(prefix + "target", [imageCount, -1, -1])
      let values = try file.labels(prefix + "target", shape, classCount: self.classCount)
      labels = Tensor(values, shape).to(.int64, device: run.device).narrowed(0, range)
    }
    func output(
      _ feature: Tensor, _ logits: Tensor?, _ auxiliary: Tensor?
    ) -> SegmentationOutput {
      SegmentationOutput(
        logits: logitsOnly ? feature : logits ?? none, auxiliaryLogits: auxiliary,
        feature: feature)
    }
    step = MethodStep(
      iteration: 1, positions: range, batchSize: imageCount,
      images: Tensor.zeros([range.count, 3] + grid, run.precision, device: run.device),
      labels: labels, student: output(s.0, main?.0, auxiliary?.0),
      teacher: output(t.0, try tensor("t_main")?.0, try tensor("t_aux")?.0), reducer: run.reducer)
  }

  /// The method alone, with a weight of 1.
  func suite(
    _ name: String, _ options: [String: String], _ file: ParityFile
  ) throws(ParityError) -> MethodSuite {
    let setting = MethodSetting(
      classCount: classCount, student: .init(featureWidth: widths.student, hasAuxiliary: true),
      teacher: .init(featureWidth: widths.teacher, hasAuxiliary: true), batchSize: imageCount,
      iterations: 1, seed: 0, type: run.precision, device: run.device)
    let keys = [("weight", "1")] + options.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    do {
      if let suite = try MethodSuite([ChosenMethod(name, keys)], setting) { return suite }
    } catch { throw ParityError(error) }
    throw file.refused(name, found: "no method", expected: "one with a weight")
  }

  /// Every rank's images of a tensor. Collective.
  func gathered(_ tensor: Tensor) -> [Double] {
    run.gather(tensor.array(Double.self), of: imageCount)
  }
}
