import Networks
import Randomness
import Torch

/// `rrd`: similarities to a memory of teacher embeddings.
///
/// Features of a unit pass a linear map to a common width (the student's is trained, the teacher's is
/// random and stays so: the published one never gets a gradient either) and are normalised. The
/// batch's teacher embeddings enter the memory first; then
///
///     mean over units of the cross entropy of softmax(memory * student / tau_s)
///                                        with softmax(memory * teacher / tau_t)
///
/// A unit is a class in an image (its mean feature), an image, or random pixels of it. The memory is
/// the same on all ranks. tau_s 0.1 and tau_t 0.02 are the defaults of the published script; its
/// comments and the abstract's fifth version say the opposite. Its memory starts with rows that are
/// normalised along the wrong axis; `start: legacy` does that. Scope `distill`: a unit counts by the
/// mean of the difficulty map over it; what enters the memory does not.
final class RelationalRepresentation: Distiller {
  static let card = MethodCard(
    name: "rrd", title: "similarities of features to a memory of the teacher's",
    source: "Giakoumoglou and Stathaki 2024, arXiv 2407.12073", weight: 1,
    needs: [.teacher, .features, .labels],
    options: [
      .number("tau_student", 0.1, 1e-3...100, "Temperature of the student."),
      .number("tau_teacher", 0.02, 1e-3...100, "Temperature of the teacher."),
      .integer("memory", 16_384, 1...1_000_000, "Embeddings in the memory."),
      .integer("width", 128, 1...4096, "Channels of an embedding."),
      .word("unit", ["region", "image", "pixel"], "What an embedding stands for."),
      .integer("pixels", 64, 1...100_000, "Pixels of an image, for unit pixel."),
      .word("start", ["unit", "legacy"], "How the memory's first rows are normalised."),
    ])

  private let temperatures: (student: Double, teacher: Double)
  private let unit: String
  private let pixelCount: Int
  private let seed: UInt64
  /// The student's map, a convolution: its gradients add up alike however ranks share the images.
  private let student: Convolution
  private let teacher: (weight: Tensor, bias: Tensor)
  /// `[K, D]`, and where the next row goes, `[1]`.
  private let memory: Tensor
  private let next: Tensor
  /// This rank's units of the step: student means, and their weights by the difficulty map.
  private var units: (student: Tensor, weights: Tensor, counts: [Int])?

  init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError) {
    temperatures = (options["tau_student"], options["tau_teacher"])
    unit = options.word("unit")
    pixelCount = options.integer("pixels")
    seed = setting.seed
    let (width, widths) = (options.integer("width"), setting.featureWidths)
    student = Convolution(
      scope("student"), widths.student, width, kernel: 1, bias: true, start: .head)
    teacher = (
      scope.buffer("teacher.weight", [width, widths.teacher], 0),
      scope.buffer("teacher.bias", [width], 0)
    )
    memory = scope.buffer("memory", [options.integer("memory"), width], 0)
    next = scope.buffer("next", [1], 0, .int64)
    let scale = 1 / Double(widths.teacher).squareRoot()
    Self.fill(teacher.weight, setting.seed, .relationWeight) { scale * (2 * $0.uniform() - 1) }
    Self.fill(teacher.bias, setting.seed, .relationBias) { scale * (2 * $0.uniform() - 1) }
    Self.fill(memory, setting.seed, .relationMemory) { $0.normal() }
    memory.copy(from: Losses.normalised(memory, options.word("start") == "unit" ? 1 : 0))
  }

  private static func fill(
    _ tensor: Tensor, _ seed: UInt64, _ stream: MethodStream,
    _ draw: (inout CounterRandom) -> Double
  ) {
    var random = CounterRandom(method: stream, seed: seed)
    tensor.copy(from: Tensor((0..<tensor.count).map { _ in draw(&random) }, tensor.shape))
  }

  func request(_ requests: MethodRequests, _ step: MethodStep) {
    let (own, other) = step.features
    let (parts, counts) = averages(step)
    let flat = [step.lowLabels.size(0), step.height * step.width, 1]
    let weights = parts(step.weights.reshaped(flat)).reshaped([-1])
    units = (parts(rows(own)), weights, counts)
    let map = teacher.weight.permuted([1, 0]).contiguous()
    let embeddings = byImage(parts(rows(other)), counts, width: memory.size(1)) {
      Losses.normalised($0.product(map) + teacher.bias, 1)
    }
    requests.gather("teacher", rows: embeddings)
    requests.sum("units", sums(weights, counts))
  }

  func terms(_ step: MethodStep, _ reduced: Reduced) -> [Term] {
    Autograd.withoutHistory { enqueue(reduced.rows("teacher")) }
    guard let units else { return [] }
    let keys = memory.permuted([1, 0]).contiguous().clone()
    let (counts, size) = (units.counts, memory.size(0))
    let own =
      byImage(units.student, counts, width: size) { embedding($0).product(keys) }
      / temperatures.student
    let mine = reduced.rows("teacher").narrowed(0, ownRows(units.weights.count, step, reduced))
    let similarities = byImage(mine, counts, width: size) { $0.product(keys) }
    let target = (similarities / temperatures.teacher).fixedSoftmax(1)
    let entropies = (target * own.fixedLogSoftmax(1)).fixedSum(1) * -1
    let total = reduced.total("units")
    return [Term(sums(entropies * units.weights, counts) / (total > 0 ? total : 1))]
  }

  /// The sums over each image's units of one number a unit, `[units]` to `[n]`.
  private func sums(_ values: Tensor, _ counts: [Int]) -> Tensor {
    let parts = values.parts(counts).map { $0.reshaped([1, $0.count]).imageSums }
    return Losses.column(parts, like: values)
  }

  /// Where this rank's rows are among the gathered ones. Collective.
  private func ownRows(_ count: Int, _ step: MethodStep, _ reduced: Reduced) -> Range<Int> {
    var counts = [Int64](repeating: 0, count: step.reducer.worldSize)
    counts[step.reducer.rank] = Int64(count)
    step.reducer.sum(&counts)
    let start = Int(counts[..<step.reducer.rank].reduce(0, +))
    return start..<start + count
  }

  /// What `product` makes of the rows of each image, one below the other, `[units, width]`: products of
  /// matrices may round differently with other numbers of rows, which depend on the number of ranks.
  private func byImage(
    _ rows: Tensor, _ counts: [Int], width: Int, _ product: (Tensor) -> Tensor
  ) -> Tensor {
    let none = Tensor.zeros([0, width], rows.type, device: rows.device)
    let parts = rows.parts(counts).filter { $0.size(0) > 0 }.map(product)
    return Tensor.concatenated([none] + parts, 0)
  }

  /// The student's unit embeddings of an image's units `[units, F]`.
  private func embedding(_ units: Tensor) -> Tensor {
    let (count, width) = (units.size(0), memory.size(1))
    let image = units.permuted([1, 0]).reshaped([1, units.size(1), count, 1])
    return Losses.normalised(student(image).reshaped([width, count]).permuted([1, 0]), 1)
  }

  /// Features as rows, `[n, hw, F]`.
  private func rows(_ feature: Tensor) -> Tensor { Losses.flat(feature).permuted([0, 2, 1]) }

  /// The means over this rank's units of `[n, hw, F]`, as `[units, F]`, and each image's units.
  private func averages(_ step: MethodStep) -> (means: (Tensor) -> Tensor, counts: [Int]) {
    let (images, size) = (step.lowLabels.size(0), step.height * step.width)
    switch unit {
    case "image": return ({ $0.fixedMean(1) }, [Int](repeating: 1, count: images))
    case "pixel":
      var chosen: [Int64] = []
      for (image, position) in step.positions.enumerated() {
        var random = CounterRandom(
          method: .relationPixels, seed: seed, step.iteration, position)
        for _ in 0..<pixelCount { chosen.append(Int64(image * size + random.integer(below: size))) }
      }
      let index = Tensor(chosen, [chosen.count]).to(device: step.lowLabels.device)
      return (
        { $0.reshaped([images * size, $0.size(2)]).selected(0, index) },
        [Int](repeating: pixelCount, count: images)
      )
    default:
      let members = Losses.members(step)
      let counts = members.sum([2])
      let isPresent = counts.array(Double.self)
      let present = isPresent.indices.filter { isPresent[$0] > 0 }.map { Int64($0) }
      let index = Tensor(present, [present.count]).to(device: step.lowLabels.device)
      let classes = step.classCount
      let ofImages = (0..<images).map { image in
        isPresent[image * classes..<(image + 1) * classes].count { $0 > 0 }
      }
      let means = { (x: Tensor) in
        let sums = members.imageProducts(x).reshaped([images * classes, x.size(2)])
        let divisors = counts.reshaped([images * classes, 1]).clamped(1, .infinity)
        return (sums / divisors).selected(0, index)
      }
      return (means, ofImages)
    }
  }

  /// Writes rows into the memory, one after the other, round and round.
  private func enqueue(_ rows: Tensor) {
    let size = memory.size(0)
    var place = Int(next.item)
    // Of more rows than fit the last ones stay.
    var start = max(0, rows.size(0) - size)
    place = (place + start) % size
    while start < rows.size(0) {
      let count = min(rows.size(0) - start, size - place)
      memory.narrowed(0, place..<place + count).copy(from: rows.narrowed(0, start..<start + count))
      place = (place + count) % size
      start += count
    }
    next.copy(from: Tensor([Int64(place)], [1]))
  }
}
