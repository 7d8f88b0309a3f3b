import Difficulty
import Networks
import Optimisers
import Recipes
import Steps
import Torch

/// `step`: optimiser steps of a student with its teacher, by the step that runs take (`TrainingStep`).
enum StepFile {
  static func compute(_ file: ParityFile, _ run: ParityRun) throws(ParityError) -> ComputedTensors {
    let batches = try batches(file)
    let shape = try file.shape("ref.0.teacher_main", [batches[0].photos.count, -1, -1, -1])
    var recipe = Recipe()
    try recipe.readMethod(file, classCount: shape[1])
    recipe.train.batchSize = batches[0].photos.count
    recipe.train.learningRate = try file.number("base_lr")
    recipe.train.momentum = try file.number("momentum")
    recipe.train.weightDecay = try file.number("weight_decay")
    try file.require("dropout", 0)
    recipe.student.dropout = false
    guard recipe.train.iterations >= batches.count else {
      throw file.refused(
        "max_iterations", found: "\(recipe.train.iterations)", expected: "\(batches.count) or more")
    }
    // The teacher goes before the student comes: together they would need twice the memory.
    let taught = try teach(file, batches, classCount: shape[1], run)
    let student = try network(file, "student", classCount: shape[1], run)
    let names = try file.json("param_names", [String].self)
    guard student.state.parameters.map(\.name) == names else {
      throw file.refused(
        "param_names", found: "\(names.count) names", expected: "the student's parameters in order")
    }
    let steps = Steps(
      recipe: recipe, run: run, student: student, teacher: taught,
      normDrift: try normDrift(file, count: batches.count))
    for (index, batch) in batches.enumerated() { steps.advance(batch, iteration: index + 1) }
    return steps.computed.merging(taught.computed) { $1 }.merging(final(file, student, run)) { $1 }
  }

  /// By how much float32 may change the norm of a gradient, iteration by iteration: 5 %, or twice
  /// what the file says that the authors' own float32 code is off, where that is more.
  private static func normDrift(_ file: ParityFile, count: Int) throws(ParityError) -> [Double] {
    struct Drift: Decodable { let grad_norm_rel_max: [Double] }
    let measured = try file.json("f32_vs_f64", Drift.self).grad_norm_rel_max
    guard measured.count == count, measured.allSatisfy({ $0 >= 0 }) else {
      throw file.refused(
        "f32_vs_f64", found: "\(measured)", expected: "a number for each of \(count) iterations")
    }
    return measured.map { $0 > 0.05 ? 2 * $0 : 0.05 }
  }

  /// The images and labels of all iterations, of one size.
  private static func batches(_ file: ParityFile) throws(ParityError) -> [StepBatch] {
    var batches: [StepBatch] = []
    while file.has("in.\(batches.count).target") {
      let prefix = "in.\(batches.count)."
      let photos = try file.photos(prefix + "image_u8_bgr_hwc")
      let shape = [photos.count, photos[0].height, photos[0].width]
      batches.append(
        StepBatch(
          photos: photos, labels: try file.labels(prefix + "target", shape, classCount: 255)))
    }
    guard let first = batches.first,
      batches.allSatisfy({ $0.photos.count == first.photos.count })
    else {
      throw file.refused("in.0.target", found: "\(batches.count) batches", expected: "equal ones")
    }
    return batches
  }

  /// The network that the metadata name, with the formula's weights.
  private static func network(
    _ file: ParityFile, _ role: String, classCount: Int, _ run: ParityRun
  ) throws(ParityError) -> SegmentationNetwork {
    // As "deeplabv3 resnet18 aux".
    let words = try file.text(role).split(separator: " ")
    guard let architecture = Architecture(rawValue: words.prefix(2).joined(separator: "_")) else {
      throw file.refused(role, found: "'\(words)'", expected: "a network's name")
    }
    let network = SegmentationNetwork(
      architecture, classCount: classCount,
      start: Initialisation(seed: nil, type: run.precision, device: run.device))
    let gains = try file.json("\(role)_gains", [String: Double].self)
    WeightFormula(tag: try file.text("\(role)_tag"), gains: gains).fill(network)
    return network
  }

  /// The teacher's logits of this rank's images, iteration by iteration. Collective.
  private static func teach(
    _ file: ParityFile, _ batches: [StepBatch], classCount: Int, _ run: ParityRun
  ) throws(ParityError) -> Taught {
    let teacher = try network(file, "teacher", classCount: classCount, run)
    var taught = Taught()
    for (index, batch) in batches.enumerated() {
      let output = Autograd.withoutHistory {
        teacher(
          run.batch(batch.photos, run.range(of: batch.photos.count)),
          .evaluation(precision: run.precision))
      }
      taught.outputs.append(output)
      let tolerance = Tolerance.largest(run.byPrecision(1e-5, 2e-7))
      for (name, logits) in [("main", output.logits), ("aux", output.auxiliaryLogits)] {
        let values = run.gather(logits?.array(Double.self) ?? [], of: batch.photos.count)
        taught.computed["ref.\(index).teacher_\(name)"] = Computed(values, tolerance)
      }
    }
    return taught
  }

  /// The student's tensors after the last step.
  private static func final(
    _ file: ParityFile, _ student: SegmentationNetwork, _ run: ParityRun
  ) -> ComputedTensors {
    var computed: ComputedTensors = [:]
    for entry in student.state.entries where file.has("out.final.\(entry.name)") {
      computed["out.final.\(entry.name)"] = Computed(
        entry.tensor.array(Double.self), .largest(run.byPrecision(2e-2, 2e-7)))
    }
    return computed
  }
}

/// The images and labels of one iteration.
struct StepBatch: Sendable {
  let photos: [Photo]
  let labels: [UInt8]
}

/// The teacher's logits of this rank's images, and of all for the comparison.
private struct Taught {
  var outputs: [SegmentationOutput] = []
  var computed: ComputedTensors = [:]
}

/// The student's way through the iterations on one rank.
private final class Steps {
  private let run: ParityRun
  private let student: SegmentationNetwork
  private let taught: Taught
  private let step: TrainingStep
  private let parameters: FlatParameters
  private let noted: NotingUpdate
  private var losses: [Double] = []
  private var counts: [Double] = []
  private var gradientNorms: [Double] = []
  private var sums: [Double] = []
  private var firstGradients: ComputedTensors = [:]
  /// For each iteration, by how much float32 may change the norm of a gradient.
  private let normDrift: [Double]

  init(
    recipe: Recipe, run: ParityRun, student: SegmentationNetwork, teacher: Taught,
    normDrift: [Double]
  ) {
    self.run = run
    self.student = student
    self.normDrift = normDrift
    taught = teacher
    parameters = FlatParameters(
      student, exactSums: recipe.train.addsExactly, isAlone: run.reducer.worldSize == 1)
    noted = NotingUpdate(recipe.update(of: parameters))
    var plan = StepPlan(recipe)
    plan.precision = run.precision
    step = TrainingStep(
      plan,
      TrainingStep.Parts(
        student: student, teacher: nil, parameters: parameters,
        exchange: ReducerExchange(parameters.gradientBuffers(), run.reducer),
        loss: TaskLoss(engine: run.engine, threadCount: run.threadCount), update: noted,
        reducer: run.reducer))
  }

  /// One optimiser step. Collective.
  func advance(_ batch: StepBatch, iteration: Int) {
    let range = run.range(of: batch.photos.count)
    let size = batch.photos[0].height * batch.photos[0].width
    let report = step.run(
      Lesson(
        positions: range, images: run.batch(batch.photos, range),
        labels: Array(batch.labels[range.lowerBound * size..<range.upperBound * size]),
        taught: taught.outputs[iteration - 1]),
      PhaseClock(iteration: iteration))
    let result = report.result
    losses += [result.taskLoss, result.distillationLoss, result.loss, step.rate(iteration)]
    let statistics = result.statistics
    counts += [Double(statistics.mainSelected), Double(statistics.auxiliarySelected)]
    // The parameters lie with the last layer first; the file has them the other way round.
    for place in parameters.places.reversed() {
      let gradient = noted.gradients[place.range].map { $0 }
      gradientNorms.append(gradient.norm)
      if iteration == 1 {
        firstGradients["out.grad1.\(place.name)"] = Computed(
          gradient, .largest(run.byPrecision(5e-2, 2e-7)))
      }
      let values = place.parameter.array(Double.self)
      sums += [values.reduce(0, +), values.norm]
    }
  }

  /// What was noted at every iteration.
  var computed: ComputedTensors {
    let isDouble = run.precision == .float64
    let rows = losses.count / 4
    // Later float32 iterations start from parameters that differ already. The rate is exact.
    let growth = (0..<rows).flatMap { row -> [Double] in
      let loss = isDouble ? 1e-7 : [1e-5, 5e-4][min(row, 1)] * (row > 1 ? 10 : 1)
      return [loss, loss, loss, 1e-12]
    }
    let counted = isDouble ? 0 : 3e-3
    let norms =
      isDouble
      ? Tolerance(scale: .row(rows), relative: [1e-6])
      : Tolerance(scale: .each, relative: normDrift, floor: 1e-3)
    // A sum of many values that cancel is as exact as their norm.
    let values = isDouble ? [1e-9] : (0..<rows).map { [1e-3, 1e-2, 1e-1][min($0, 2)] }
    return firstGradients.merging([
      "out.task_kd_total_lr": Computed(losses, Tolerance(scale: .each, relative: growth)),
      "out.xor_count_main_aux": Computed(counts, .each(counted)),
      "out.grad_norms": Computed(gradientNorms, norms),
      "out.param_sum_norm": Computed(
        sums, Tolerance(scale: .pair, relative: values)),
    ]) { $1 }
  }
}

/// An update that notes the gradients by which another moves the parameters.
private final class NotingUpdate: Update {
  private let other: any Update
  /// Those of the last step, in the order of the parameters' buffer.
  private(set) var gradients: [Double] = []

  init(_ other: any Update) { self.other = other }

  func callAsFunction(_ flat: FlatBuffers, rate: Double, norm: Double) -> Bool {
    gradients = flat.gradients.array(Double.self)
    return other(flat, rate: rate, norm: norm)
  }
}

extension [Double] {
  /// The Euclidean norm.
  fileprivate var norm: Double { reduce(0) { $0 + $1 * $1 }.squareRoot() }
}
