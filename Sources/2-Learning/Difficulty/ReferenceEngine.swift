import Host
import Reduction
import Torch

/// The losses of Relative Difficulty Distillation, operator by operator.
///
/// It is what the fused engine is compared with, and serves float64 and other devices. Everything
/// that decides (thresholds, masks, counts) is shared with the fused engine; probabilities are
/// rounded to float32 before they decide, in float64 too. So is the ledger, in which images' sums
/// have places: with global statistics neither ranks nor threads change a bit of what is reported
/// or of a gradient.
struct ReferenceEngine {
  let pool = WorkerPool("rdd-loss", threadCount: 1)

  /// See `TaskLoss.evaluate`. Collective.
  func evaluate(
    student: TaskLoss.Heads, teacher: TaskLoss.Heads?, labels: TaskLoss.Labels, firstImage: Int,
    globalImageCount: Int, options: DifficultyOptions, reducer: any Reducer
  ) -> TaskLoss.Outcome {
    options.check(
      classCount: student.main.size(1), studentHasAuxiliary: student.auxiliary != nil,
      teacherHeads: teacher.map { $0.auxiliary == nil ? 1 : 2 } ?? 0)
    let isLocal = options.statistics == .local
    let ranks: any Reducer = isLocal ? SingleProcess() : reducer
    var step = ReferenceStep(
      student, teacher, labels, options, pool, firstImage: isLocal ? 0 : firstImage,
      imageCount: isLocal ? labels.imageCount : globalImageCount)
    step.addTask(ranks)
    step.addDistillation()
    return step.finish(isLocal, reducer)
  }
}

/// One step's tensors and sums.
struct ReferenceStep {
  private let heads: [Tensor]
  private let teacher: [Tensor]
  private let labels: TaskLoss.Labels
  private let options: DifficultyOptions
  private let pool: WorkerPool
  /// `[n, 1, H, W]` int64, 0 where ignored.
  private let index: Tensor
  /// `[n, H, W]`, of the logits' type: 1 where valid, else 0.
  private let valid: Tensor
  /// `[n, H, W]` for each head: cross entropy in nats, 0 where ignored.
  private let crossEntropy: [Tensor]
  /// What backward starts from: its gradient counts, not its value.
  private var loss: Tensor
  private var result = DifficultyResult()
  private let firstImage: Int
  /// The images that means are taken over.
  private let imageCount: Int
  private var ledger: LossLedger
  private var denominators = LossDenominators(first: 0, second: [0, 0], distillation: 0)

  /// - Parameters:
  ///   - firstImage: the place of the first of these images among `imageCount`.
  ///   - imageCount: the images that means are taken over; nil: these.
  init(
    _ student: TaskLoss.Heads, _ teacher: TaskLoss.Heads?, _ labels: TaskLoss.Labels,
    _ options: DifficultyOptions, _ pool: WorkerPool, firstImage: Int = 0, imageCount: Int? = nil
  ) {
    self.firstImage = firstImage
    self.imageCount = imageCount ?? labels.imageCount
    ledger = LossLedger(imageCount: self.imageCount)
    heads = [student.main, student.auxiliary].compactMap { $0 }.map { logits in
      let leaf = logits.detached.contiguous().clone()
      leaf.requiresGradient = true
      return leaf
    }
    self.teacher = teacher.map { [$0.main, $0.auxiliary].compactMap { $0?.detached } } ?? []
    self.labels = labels
    self.options = options
    self.pool = pool
    let (type, device) = (student.main.type, student.main.device)
    let raw = Tensor(Array(labels.indices), [labels.imageCount, labels.height, labels.width])
      .to(.int64, device: device)
    let isValid = raw.notEqual(255)
    valid = isValid.to(type)
    let index = (raw * isValid.to(.int64)).reshaped(
      [labels.imageCount, 1, labels.height, labels.width])
    self.index = index
    let mask = valid
    crossEntropy = heads.map { logits in
      let log = Functional.upsample(logits, height: labels.height, width: labels.width)
        .fixedLogSoftmax(1)
      let picked = -log.gathered(1, index).reshaped(mask.shape)
      return isValid.choose(picked, picked.zerosLike)
    }
    loss = Tensor.zeros([], .float64, device: device)
  }

  /// The pixels that means are taken over, ignored ones included.
  private var pixels: Double { Double(imageCount * labels.height * labels.width) }

  private func share(_ head: Int) -> Double { head == 0 ? 1 : options.auxiliaryWeight }

  // MARK: Task loss

  /// Adds a loss of each pixel, `[n, ...]`, image by image.
  private mutating func add(
    _ values: Tensor, _ entry: LossLedger.Entry, divisor: Double, factor: Double
  ) {
    let sums = values.imageSums
    for (image, sum) in sums.detached.array(Double.self).enumerated() {
      ledger.add(sum, entry, image: firstImage + image)
    }
    loss = loss + sums.sum() / divisor * factor
  }

  /// Collective.
  mutating func addTask(_ ranks: any Reducer) {
    let validCount = Int64(labels.indices.count { $0 != 255 })
    var counts = [validCount]
    ranks.sum(&counts)
    result.statistics.validCount = counts[0]
    if options.firstShare != 0 || options.usesWeights {
      let weights = options.usesWeights ? teacherWeights() : valid
      var factors = weights
      denominators.first = Double(counts[0])
      if options.usesWeights {
        let mean = meanWeight(weights, ranks)
        result.statistics.meanWeight = mean
        switch options.weighting {
        case .perPixel: denominators.first = pixels
        case .mean:
          factors = valid
          denominators.first = mean == 0 ? 0 : Double(counts[0]) / mean
        }
      }
      // Not for 0; for a NaN.
      for head in heads.indices where denominators.first != 0 {
        add(
          crossEntropy[head] * factors, head == 0 ? .weightedMain : .weightedAuxiliary,
          divisor: denominators.first, factor: share(head) * options.firstShare)
      }
    }
    if options.usesMasks { addMasked(validCount, ranks) }
  }

  /// The mean of the TFE weights over all images. Collective.
  private mutating func meanWeight(_ weights: Tensor, _ ranks: any Reducer) -> Double {
    for (image, sum) in weights.imageSums.array(Double.self).enumerated() {
      ledger.add(sum, .weight, image: firstImage + image)
    }
    var whole = ledger
    whole.gather(ranks)
    return whole.total(.weight) / pixels
  }

  /// The TFE weights `[n, H, W]`: exp(-KL) at low resolution, then upsampled.
  func teacherWeights() -> Tensor {
    Functional.upsample(lowTeacherWeights(), height: labels.height, width: labels.width)
      .reshaped(valid.shape)
  }

  /// The TFE weights `[n, 1, h, w]` before they are upsampled.
  func lowTeacherWeights() -> Tensor {
    let (main, auxiliary) = (teacher[0].fixedLogSoftmax(1), teacher[1].fixedLogSoftmax(1))
    let (p, q) = options.divergence == .auxiliaryToMain ? (auxiliary, main) : (main, auxiliary)
    let divergence = (p.exp * (p - q)).fixedSum(1, keepingDimension: true)
    return (-divergence).exp
  }

  /// Collective.
  private mutating func addMasked(_ validCount: Int64, _ ranks: any Reducer) {
    let (maps, teacherMaps) = confidences()
    let decision = decide(maps, teacherMaps, validCount, ranks)
    result.statistics.record(decision)
    result.statistics.decisionCollectives = decision.collectives
    for head in heads.indices {
      var weights = [Float](repeating: 0, count: labels.indices.count)
      for pixel in weights.indices {
        let (s, t) = (maps[head][pixel], teacherMaps[head][pixel])
        if decision.pixels[head].keeps(student: s, teacher: t) {
          weights[pixel] = options.classWeights?[Int(labels.indices[pixel])] ?? 1
        }
      }
      let denominator =
        options.reduction == .allPixels
        ? pixels : decision.denominator(head, options.classWeights)
      guard denominator > 0 else { continue }
      denominators.second[head] = denominator
      let mask = Tensor(weights, valid.shape).to(valid.type, device: valid.device)
      add(
        crossEntropy[head] * mask, head == 0 ? .maskedMain : .maskedAuxiliary,
        divisor: denominator, factor: share(head) * options.secondShare)
    }
  }

  /// The probabilities that decide, of each head of the student and of the teacher.
  func confidences() -> (student: [[Float]], teacher: [[Float]]) {
    let student = heads.map(confidences)
    let isAlone = options.mask == .ohem && teacher.isEmpty
    return (student, isAlone ? student : teacher.prefix(heads.count).map(confidences))
  }

  /// The probabilities that decide, float32, NaN where ignored.
  private func confidences(_ logits: Tensor) -> [Float] {
    Autograd.withoutHistory {
      let p = Functional.upsample(
        logits.detached, height: labels.height, width: labels.width
      ).fixedSoftmax(1)
      let picked = options.confidence == .maximum ? p.amax([1]) : p.gathered(1, index)
      let values = picked.reshaped([labels.indices.count]).array(Float.self)
      return zip(values, labels.indices).map { $1 == 255 ? .nan : min(max($0, 0), 1) }
    }
  }

  /// Thresholds and counts for the heads' probabilities. Collective.
  private func decide(
    _ student: [[Float]], _ teacher: [[Float]], _ validCount: Int64, _ ranks: any Reducer
  ) -> MaskDecision {
    let classCount = heads[0].size(1)
    // Whole vectors of 16: the rest holds what is never kept. At least one, for a rank whose images
    // are none.
    let padded = max(labels.indices.count + 15, 16) / 16 * 16
    let classes =
      labels.indices.map { $0 == 255 ? UInt8(classCount) : $0 }
      + [UInt8](repeating: UInt8(classCount), count: padded - labels.indices.count)
    func whole(_ map: [Float]) -> [Float] {
      map + [Float](repeating: .nan, count: padded - map.count)
    }
    let buffers = (student + teacher).map { UnsafeMutableBufferPointer.copy(of: whole($0)) }
    let indices = UnsafeMutableBufferPointer.copy(of: classes)
    defer {
      buffers.forEach { $0.deallocate() }
      indices.deallocate()
    }
    let pointers = buffers.compactMap { $0.baseAddress.map { UnsafePointer($0) } }
    guard let labelPointer = indices.baseAddress, pointers.count == buffers.count else {
      fatalError("ReferenceEngine: no pixels; expected at least one image")
    }
    return MaskDecision(
      ProbabilityMaps(
        student: Array(pointers.prefix(student.count)),
        teacher: Array(pointers.suffix(teacher.count)), labels: UnsafePointer(labelPointer),
        pixelCount: padded, classCount: classCount), validCount: validCount, options: options,
      reducer: ranks, pool: pool)
  }

  // MARK: Distillation

  /// T^2 / (B h w) * sum of KL(teacher || student) at low resolution (equation 3).
  mutating func addDistillation() {
    guard options.distillationWeight != 0, let target = teacher.first else { return }
    let temperature = options.distillationTemperature
    let t = (target / temperature).fixedLogSoftmax(1)
    let s = (heads[0] / temperature).fixedLogSoftmax(1)
    denominators.distillation = Double(imageCount * target.size(2) * target.size(3))
    add(
      t.exp * (t - s), .distillation, divisor: denominators.distillation,
      factor: options.distillationWeight * temperature * temperature)
  }

  // MARK: End

  /// Adds the losses over ranks and takes the gradients. Collective.
  ///
  /// - Parameter isLocal: whether the ranks' own losses are averaged; else the parts already share
  ///   global denominators.
  mutating func finish(_ isLocal: Bool, _ reducer: any Reducer) -> TaskLoss.Outcome {
    if loss.requiresGradient { Autograd.backward([(loss, nil)]) }
    if !isLocal { ledger.gather(reducer) }
    result.add(ledger, denominators, options, heads: heads.count)
    if isLocal { result.average(reducer) }
    let count = isLocal ? reducer.worldSize : 1
    let gradients = heads.map { head in
      let gradient = head.gradient ?? head.zerosLike
      return count == 1 ? gradient : gradient / Double(count)
    }
    return (
      result,
      TaskLoss.Heads(main: gradients[0], auxiliary: gradients.count > 1 ? gradients[1] : nil)
    )
  }
}

extension UnsafeMutableBufferPointer {
  /// New memory with the values of an array; the caller deallocates it.
  fileprivate static func copy(of values: [Element]) -> Self {
    let buffer = allocate(capacity: values.count)
    _ = buffer.initialize(from: values)
    return buffer
  }
}
