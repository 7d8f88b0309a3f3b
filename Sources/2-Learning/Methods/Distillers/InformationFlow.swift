import Foundation
import Networks
import Torch

/// `hkd`: which positions are alike, at four depths, as an auxiliary teacher sees it.
///
/// Samples are the cells of a grid that each image's map is averaged to. With K the kernel of all pairs
/// of samples of the global batch, (cos + 1) / 2 or 1 / (1 + distance), and its rows divided by their
/// sums (p of the auxiliary teacher, q of the student), a depth costs
///
///     P = mean of (p - q)(log p - log q) for the one kernel + the same for the other
///
/// and the whole is P(last) + w (P(third) + P(second) + P(first)) with w = early * decay^epoch, where the
/// run has `epochs` epochs whatever its length. The depths are the backbone's last three stages and what
/// the classifier reads. P shrinks with the number of samples: weight 200 belongs to some 256 of them and
/// to SGD; the authors have Adam.
///
/// `stage: auxiliary` trains the auxiliary teacher itself, from P(last) to the teacher alone: the task
/// loss is left out. Its `student.safetensors` is the file `aux` of the run that follows; with `aux:
/// none` the teacher takes its place, an ablation. The authors train without labels in both stages; here
/// RDD's task loss is added in the second. A published port decays by depth instead of by epoch and then
/// forgets to multiply. The grid is our own. Scope `distill`: the rows of a kernel are weighted by the
/// mean of the difficulty map over the cell.
final class InformationFlow: Distiller {
  static let card = MethodCard(
    name: "hkd", title: "which positions are alike at four depths, as an auxiliary teacher says",
    source: "Passalis et al. 2020, arXiv 2005.00727", weight: 200, needs: [.stages],
    options: [
      .word(
        "stage", ["student", "auxiliary"], "What is trained: the student or the auxiliary teacher."),
      .path(
        "aux",
        "Weights of the auxiliary teacher; none: the teacher itself. A path with a slash starts from the "
          + "recipe's folder, a name alone from the current folder."),
      .word(
        "aux_network", Architecture.allCases.map(\.rawValue), "The auxiliary teacher's network."),
      .integer("rows", 4, 1...64, "Cells of an image from top to bottom, at most the map's."),
      .integer("columns", 8, 1...64, "Cells from left to right."),
      .factor("early", 100, "Factor of the first three depths at the start."),
      .number("decay", 0.7, 0...1, "What that is multiplied by after each epoch."),
      .integer("epochs", 50, 1...100_000, "Epochs of a run."),
    ])

  private static let depths = ["first", "second", "third", "last"]
  private static let stageNeeds: MethodNeeds = [.stages, .taughtStages, .teacher, .features]
  private let isAuxiliary: Bool
  private let auxiliary: ((Tensor) -> SegmentationOutput)?
  private let grid: (rows: Int, columns: Int)
  private let early: Double
  private let decay: Double
  private let epochs: Int
  private let iterations: Int

  var needs: MethodNeeds {
    if isAuxiliary { return [.teacher, .features] }
    return auxiliary == nil ? Self.stageNeeds : [.stages]
  }

  var replacesTask: Bool { isAuxiliary }

  init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError) {
    isAuxiliary = options.word("stage") == "auxiliary"
    grid = (options.integer("rows"), options.integer("columns"))
    (early, decay) = (options["early"], options["decay"])
    epochs = options.integer("epochs")
    iterations = setting.iterations
    guard let path = options.path("aux") else {
      auxiliary = nil
      return
    }
    guard !isAuxiliary, let load = setting.frozenNetwork else {
      throw options.refused(
        found: "hkd with aux and stage auxiliary", expected: "aux where the student is trained",
        remedy: "remove aux or stage")
    }
    do { auxiliary = try load(options.word("aux_network"), path) } catch {
      throw MethodError(error)
    }
  }

  /// The factor of the first three depths: early * decay^e with e the epoch, from 0.
  func factor(_ iteration: Int) -> Double {
    early * pow(decay, Double(epochs * (iteration - 1) / max(iterations, 1)))
  }

  func request(_ requests: MethodRequests, _ step: MethodStep) {
    let (own, others) = maps(step)
    for (name, (map, other)) in zip(Self.depths.suffix(own.count), zip(own, others)) {
      requests.gather("student.\(name)", rows: cells(map, like: map), isLive: true)
      requests.gather("teacher.\(name)", rows: cells(other.detached, like: map))
    }
    guard let map = step.difficulty, let last = own.last else { return }
    let weights = map.reshaped([-1, 1, step.height, step.width])
    requests.gather("weights", rows: cells(weights, like: last))
  }

  func terms(_ step: MethodStep, _ reduced: Reduced) -> [Term] {
    let weights = step.difficulty.map { _ in reduced.rows("weights").reshaped([-1]) }
    func term(_ name: String, _ factor: Double) -> Term {
      let (student, teacher) = (
        reduced.rows("student.\(name)"), reduced.rows("teacher.\(name)")
      )
      return Term(
        name, Self.divergence(teacher, student, weights: weights), weight: factor,
        kind: .replicated)
    }
    if isAuxiliary { return [term("last", 1)] }
    let factor = factor(step.iteration)
    let schedule = Tensor.full([], factor, step.type, device: step.images.device)
    return Self.depths.map { term($0, $0 == "last" ? 1 : factor) }
      + [Term("early_factor", schedule, weight: 0, kind: .replicated)]
  }

  /// The maps of each depth, the student's with history.
  private func maps(_ step: MethodStep) -> (own: [Tensor], others: [Tensor]) {
    guard !isAuxiliary else { return ([step.features.student], [step.features.teacher]) }
    let other = auxiliary?(step.images) ?? step.teacher
    guard let own = step.student.feature, let taught = other.feature,
      !step.student.stages.isEmpty, other.stages.count == step.student.stages.count
    else {
      preconditionFailure("InformationFlow: no stages; expected them, as the needs say")
    }
    return (
      step.student.stages + [own], (other.stages + [taught]).map { $0.to(step.type) }
    )
  }

  /// The means of a map's cells, `[n * cells, F]`; no cell is smaller than a position of `like`.
  private func cells(_ map: Tensor, like: Tensor) -> Tensor {
    let (rows, columns) = (min(grid.rows, like.size(2)), min(grid.columns, like.size(3)))
    return Functional.adaptiveAveragePool(map.contiguous(), height: rows, width: columns)
      .permuted([0, 2, 3, 1]).reshaped([map.size(0) * rows * columns, map.size(1)])
  }

  /// The divergence of two sets of samples `[N, F]`, where widths may differ.
  ///
  /// - Parameter weights: factors of the rows `[N]`, of which the mean is weighted by them.
  static func divergence(_ teacher: Tensor, _ student: Tensor, weights: Tensor?) -> Tensor {
    zip(kernels(teacher), kernels(student)).map { p, q in
      let rows = ((p - q) * (p.log - q.log)).fixedMean(1).reshaped([1, p.size(0)])
      guard let weights else { return rows.imageSums / Double(p.size(0)) }
      let total = max(weights.reshaped([1, p.size(0)]).imageSums.item, 1e-30)
      return (rows * weights).imageSums / total
    }.reduce(Tensor.zeros([1], .float64, device: student.device), +).reshaped([])
  }

  /// How alike samples are by angle and by distance, `[N, N]`, rows of sum 1.
  private static func kernels(_ x: Tensor) -> [Tensor] {
    let count = x.size(0)
    let squares = (x * x).fixedSum(1, keepingDimension: true)
    // A root of 0 has no gradient.
    let norms = squares.clamped(1e-24, .infinity).squareRoot + 1e-6
    let unit = x / norms.spread(1, x.size(1))
    let angle = (unit.product(unit.permuted([1, 0])) + 1) / 2
    let order = Tensor((0..<count).map { Int64($0) }, [count]).to(device: x.device)
    // A sample's distance from itself is 0 without rounding.
    let pairs = order.reshaped([-1, 1]).equal(order).not.to(x.type)
    let apart =
      (squares.spread(1, count) + squares.reshaped([1, count]).spread(0, count)
      - x.product(x.permuted([1, 0])) * 2)
      .clamped(0, .infinity) * pairs
    let near = Tensor.full([1], 1, x.type, device: x.device) / ((apart + 1e-6).squareRoot + 1)
    // Opposite samples have an angle of 0, whose logarithm is none.
    return [angle, near].map {
      ($0 / $0.fixedSum(1, keepingDimension: true).spread(1, count)).clamped(1e-12, .infinity)
    }
  }
}
