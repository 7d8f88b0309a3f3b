import Host
import Reduction

/// One step of an engine: the order in which sweeps, decisions and collectives follow each other.
struct DifficultyStep {
  let inputs: DifficultyInputs
  let options: DifficultyOptions
  let geometry: Geometry
  let buffers: Buffers
  let workspaces: [Workspace]
  let pool: WorkerPool

  /// What a step knows before it differentiates.
  private struct Findings {
    /// The TFE weights that multiply each pixel, `[imageCount, lowHeight, lowWidth]`.
    let weights: UnsafePointer<Float>?
    /// The probabilities that decided, where there are masks.
    let maps: ProbabilityMaps?
    /// The thresholds, where there are masks.
    let decision: MaskDecision?
    let denominators: LossDenominators
    /// This rank's share of the loss: 1, or 1 / ranks where each has a loss of its own.
    let rankShare: Double
    /// The place of this rank's first image in the ledger.
    let first: Int
  }

  /// The number of the student's heads.
  var headCount: Int { inputs.student.auxiliary == nil ? 1 : 2 }
  private var isLocal: Bool { options.statistics == .local }
  /// The number of images that a mean is taken over.
  private var batchCount: Int { isLocal ? inputs.images.count : inputs.images.globalCount }
  /// The number of pixels that a mean is taken over, ignored ones included.
  private var pixelCount: Double { Double(batchCount * geometry.height * geometry.width) }

  /// Runs the step. Collective.
  func run(_ gradients: DifficultyGradients, _ reducer: any Reducer) -> DifficultyResult {
    let decisionReducer: any Reducer = isLocal ? SingleProcess() : reducer
    let rankShare = isLocal ? 1 / Double(reducer.worldSize) : 1
    var result = DifficultyResult()
    let first = isLocal ? 0 : inputs.images.first
    var ledger = LossLedger(imageCount: isLocal ? inputs.images.count : inputs.images.globalCount)

    let validCounts = LabelSweep(inputs, geometry).run(buffers.labels, pool)
    for (image, count) in validCounts.enumerated() {
      ledger.add(Double(count), .valid, image: first + image)
    }
    let valid = Int64(validCounts.reduce(0, +))
    let weights = options.usesWeights ? weigh(&ledger, first) : nil

    var firstDenominator = pixelCount
    if options.task == .crossEntropy {
      var total = [valid]
      decisionReducer.sum(&total)
      result.statistics.decisionCollectives = isLocal ? 0 : 1
      firstDenominator = Double(total[0])
    } else if options.usesWeights, options.weighting == .mean {
      firstDenominator = validOverMeanWeight(ledger, decisionReducer)
      result.statistics.decisionCollectives = isLocal ? 0 : 1
    }
    var decision: MaskDecision?
    var maps: ProbabilityMaps?
    if options.usesMasks {
      let sweep = sweepProbabilities(&ledger, first)
      let made = MaskDecision(
        sweep, validCount: valid, options: options, reducer: decisionReducer, pool: pool)
      result.statistics.record(made)
      result.statistics.decisionCollectives += isLocal ? 0 : made.collectives
      maps = sweep
      decision = made
    }
    let denominators = LossDenominators(
      first: firstDenominator,
      second: (0..<headCount).map { head in
        guard let decision else { return 0 }
        let selected = decision.classCounts[head].reduce(0, +)
        switch options.reduction {
        case .maskedMean: return decision.denominator(head, options.classWeights)
        case .allPixels: return selected == 0 ? 0 : pixelCount
        }
      },
      distillation: Double(batchCount * geometry.planeSize))

    let findings = Findings(
      weights: options.weighting == .perPixel ? weights : nil, maps: maps, decision: decision,
      denominators: denominators, rankShare: rankShare, first: first)
    differentiate(findings, gradients, &ledger)
    distill(findings, gradients, &ledger)
    if isLocal {
      result.add(ledger, denominators, options, heads: headCount)
      result.average(reducer)
    } else {
      ledger.gather(reducer)
      result.add(ledger, denominators, options, heads: headCount)
    }
    result.statistics.validCount = Int64(ledger.total(.valid))
    result.statistics.meanWeight = pixelCount > 0 ? ledger.total(.weight) / pixelCount : 0
    result.statistics.collectives = result.statistics.decisionCollectives + 1
    return result
  }

  /// What the sum of cross entropies is divided by where the mean weight multiplies their mean: the
  /// number of valid pixels over the mean weight. Collective.
  private func validOverMeanWeight(_ ledger: LossLedger, _ reducer: any Reducer) -> Double {
    var whole = ledger
    whole.gather(reducer)
    let mean = whole.total(.weight) / pixelCount
    return mean == 0 ? 0 : whole.total(.valid) / mean
  }

  /// The TFE weights of all images, at low resolution.
  func weigh(_ ledger: inout LossLedger, _ first: Int) -> UnsafePointer<Float>? {
    guard let teacher = inputs.teacher, let auxiliary = teacher.auxiliary else { return nil }
    let main = teacher.main
    let low = LowResolution(geometry: geometry)
    let weights = buffers.weights.reserve(inputs.images.count * geometry.planeSize)
    let fromMain = options.divergence == .mainToAuxiliary
    pool.run(inputs.images.count * low.taskCount) { task, worker in
      let image = task / low.taskCount
      let offset = image * geometry.imageSize
      low.weigh(
        first: (fromMain ? main : auxiliary) + offset,
        second: (fromMain ? auxiliary : main) + offset, task: task % low.taskCount,
        weights: weights + image * geometry.planeSize, workspaces[worker])
    }
    let rows = geometry.rows.totalWeights
    let columns = geometry.columns.totalWeights
    for image in 0..<inputs.images.count {
      let sum = low.upsampledSum(weights + image * geometry.planeSize, rows, columns)
      ledger.add(sum, .weight, image: first + image)
    }
    return UnsafePointer(weights)
  }

  /// The probability maps of all outputs.
  func sweepProbabilities(_ ledger: inout LossLedger, _ first: Int) -> ProbabilityMaps {
    let labels = UnsafePointer(buffers.labels.reserve(inputs.images.count * geometry.mapSize))
    let outputs: [UnsafePointer<Float>?] = [
      inputs.student.main, inputs.teacher?.main, inputs.student.auxiliary,
      inputs.student.auxiliary == nil ? nil : inputs.teacher?.auxiliary,
    ]
    let present = outputs.indices.filter { outputs[$0] != nil }
    let maps = outputs.indices.map { output in
      buffers.maps[output].reserve(
        outputs[output] == nil ? 0 : inputs.images.count * geometry.mapSize)
    }
    let sweep = ProbabilitySweep(
      geometry: geometry, confidence: options.confidence, labels: labels)
    let chunks = geometry.chunkCount
    let taskCount = present.count * inputs.images.count * chunks
    var broken = [Bool](repeating: false, count: taskCount)
    broken.withUnsafeMutableBufferPointer { broken in
      pool.run(taskCount) { task, worker in
        let output = present[task / (inputs.images.count * chunks)]
        let image = task / chunks % inputs.images.count
        guard let logits = outputs[output] else { return }
        broken[task] = sweep.run(
          logits + image * geometry.imageSize, image: image, chunk: task % chunks,
          map: maps[output] + image * geometry.mapSize, workspaces[worker])
      }
    }
    for task in 0..<taskCount where broken[task] {
      ledger.add(.nan, .maskedMain, image: first + task / chunks % inputs.images.count)
    }
    let student = (0..<headCount).map { UnsafePointer(maps[2 * $0]) }
    let teacher = (0..<headCount).map { head in
      UnsafePointer(maps[outputs[2 * head + 1] == nil ? 2 * head : 2 * head + 1])
    }
    return ProbabilityMaps(
      student: student, teacher: teacher, labels: labels,
      pixelCount: inputs.images.count * geometry.mapSize, classCount: geometry.classCount)
  }

  /// The task loss's sums and gradients.
  private func differentiate(
    _ findings: Findings, _ gradients: DifficultyGradients, _ ledger: inout LossLedger
  ) {
    let (maps, decision, denominators) = (findings.maps, findings.decision, findings.denominators)
    let classes = geometry.classCount
    let firstTable = buffers.firstTable.reserve(classes + 1)
    let secondTable = buffers.secondTable.reserve(classes + 1)
    for c in 0..<classes {
      firstTable[c] = 1
      secondTable[c] = options.classWeights?[c] ?? 1
    }
    firstTable[classes] = 0
    secondTable[classes] = 0
    let labels = UnsafePointer(buffers.labels.reserve(inputs.images.count * geometry.mapSize))
    let chunks = geometry.chunkCount
    let edge = classes * geometry.lowWidth
    let boundaries = buffers.boundaries.reserve(inputs.images.count * chunks * edge)
    for head in 0..<headCount {
      guard let logits = head == 0 ? inputs.student.main : inputs.student.auxiliary,
        let gradient = head == 0 ? gradients.main : gradients.auxiliary
      else { continue }
      let share = findings.rankShare * (head == 0 ? 1 : options.auxiliaryWeight)
      let factors = GradientSweep.Factors(
        hasFirst: options.task != .teacherStudent,
        firstScale: Float(share * options.firstShare * inverse(denominators.first)),
        firstTable: firstTable, weights: findings.weights,
        hasSecond: denominators.second[head] != 0,
        secondScale: Float(share * options.secondShare * inverse(denominators.second[head])),
        secondTable: secondTable,
        pixels: decision?.pixels[head]
          ?? HardPixels(mask: options.mask, studentThreshold: 0, teacherThreshold: 0),
        student: maps?.student[head] ?? UnsafePointer(firstTable),
        teacher: maps?.teacher[head] ?? UnsafePointer(firstTable))
      let sweep = GradientSweep(geometry: geometry, factors: factors, labels: labels)
      var sums = [GradientSweep.Sums](repeating: .init(), count: inputs.images.count * chunks)
      sums.withUnsafeMutableBufferPointer { sums in
        pool.run(inputs.images.count * chunks) { task, worker in
          let image = task / chunks
          sums[task] = sweep.run(
            logits + image * geometry.imageSize, image: image, chunk: task % chunks,
            gradient: gradient + image * geometry.imageSize, boundary: boundaries + task * edge,
            workspaces[worker])
        }
      }
      for (task, sum) in sums.enumerated() {
        let image = findings.first + task / chunks
        ledger.add(sum.first, head == 0 ? .weightedMain : .weightedAuxiliary, image: image)
        ledger.add(sum.second, head == 0 ? .maskedMain : .maskedAuxiliary, image: image)
      }
      addBoundaries(boundaries, to: gradient)
    }
  }

  /// Adds what tasks left for the first row of the task after them.
  private func addBoundaries(
    _ boundaries: UnsafePointer<Float>, to gradient: UnsafeMutablePointer<Float>
  ) {
    let chunks = geometry.chunkCount
    let width = geometry.lowWidth
    for image in 0..<inputs.images.count {
      for chunk in 0..<(chunks - 1) {
        let row = geometry.bands(chunk).upperBound
        for c in 0..<geometry.classCount {
          let source =
            boundaries + ((image * chunks + chunk) * geometry.classCount + c) * width
          let place =
            gradient + image * geometry.imageSize + c * geometry.planeSize + row * width
          for x in 0..<width { place[x] += source[x] }
        }
      }
    }
  }

  /// The distillation term's sums; its gradient is added to the main head's.
  private func distill(
    _ findings: Findings, _ gradients: DifficultyGradients, _ ledger: inout LossLedger
  ) {
    guard options.distillationWeight != 0, let teacher = inputs.teacher?.main else { return }
    let low = LowResolution(geometry: geometry)
    let temperature = options.distillationTemperature
    let scale =
      findings.rankShare * options.distillationWeight * temperature
      * inverse(findings.denominators.distillation)
    var sums = [Double](repeating: 0, count: inputs.images.count * low.taskCount)
    sums.withUnsafeMutableBufferPointer { sums in
      pool.run(sums.count) { task, worker in
        let offset = task / low.taskCount * geometry.imageSize
        sums[task] = low.distill(
          student: inputs.student.main + offset, teacher: teacher + offset,
          task: task % low.taskCount, temperature: temperature, scale: scale,
          gradient: gradients.main + offset, workspaces[worker])
      }
    }
    for (task, sum) in sums.enumerated() {
      ledger.add(sum, .distillation, image: findings.first + task / low.taskCount)
    }
  }
}

/// 1 / x, or 0 where there is nothing to divide.
func inverse(_ x: Double) -> Double { x == 0 ? 0 : 1 / x }
