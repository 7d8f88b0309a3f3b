import Difficulty

/// `TSE`: masks of pixels that teacher and student find hard, thresholds, counts and losses.
enum TeacherStudentFile {
  /// The four outputs in the order of thresholds and counts.
  private static let outputs = ["s_main", "t_main", "s_aux", "t_aux"]

  static func compute(_ file: ParityFile, _ run: ParityRun) throws(ParityError) -> ComputedTensors {
    let input = try LossCase(file)
    var options = DifficultyOptions()
    options.distillationWeight = 0
    options.threshold = try file.number("thresh")
    options.minimumKept = try file.whole("min_kept", 0...(1 << 40))
    if try file.flag("use_class_weights") {
      guard let weights = input.cityscapesWeights else {
        throw file.refused(
          "use_class_weights", found: "true for \(input.classCount) classes", expected: "19")
      }
      options.classWeights = weights
    }
    var computed: ComputedTensors = [:]
    // Whatever the mask, thresholds and the four networks' own masks are the same.
    options.mask = .ohem
    let alone = input.evaluate(options, run)
    computed["out.official_forward_single"] = Computed(
      [alone.result.mainTaskLoss], run.lossTolerance)
    for name in try file.json("modes", [String].self) {
      options.mask = try mask(name, file)
      computed.merge(losses(input, options, name, file, run)) { $1 }
    }
    // Of a student alone nobody asks for the teacher's counts.
    options.mask = .xor
    let statistics = input.evaluate(options, run).result.statistics
    computed["out.kept"] = Computed(exactly: statistics.keptCounts)
    computed["out.thresholds"] = Computed(
      statistics.thresholds.map { Double($0) }, run.thresholdTolerance)
    let maps = input.maps(options, run)?.probabilities
    for (index, output) in outputs.enumerated() {
      let threshold = statistics.fallback ? .infinity : statistics.thresholds[index]
      // A NaN, which stands for an ignored pixel, is below no threshold.
      let mask = maps?[index].map { $0 <= threshold ? 1.0 : 0 } ?? []
      computed["out.mask_\(output)"] = Computed(run.gather(mask, of: input.imageCount), .exact)
    }
    return computed
  }

  /// A combination of masks by its published name.
  static func mask(
    _ name: String, _ file: ParityFile
  ) throws(ParityError) -> DifficultyOptions.Mask {
    switch name {
    case "XOR": return .xor
    case "OR": return .or
    case "AND": return .and
    case "OHEM": return .ohem
    default:
      throw file.refused("mode", found: "'\(name.prefix(20))'", expected: "XOR, OR, AND or OHEM")
    }
  }

  private static func losses(
    _ input: LossCase, _ options: DifficultyOptions, _ name: String, _ file: ParityFile,
    _ run: ParityRun
  ) -> ComputedTensors {
    let outcome = input.evaluate(options, run)
    let statistics = outcome.result.statistics
    // Logits of -1000 beside others leave float32 gradients a digit less.
    let isExtreme = file.name.hasPrefix("tse_ties")
    let gradient =
      isExtreme ? Tolerance.largest(run.byPrecision(2e-5, 2e-7)) : run.gradientTolerance
    return [
      "out.\(name).loss": Computed([outcome.result.loss], run.lossTolerance),
      "out.\(name).loss_main": Computed([outcome.result.mainTaskLoss], run.lossTolerance),
      "out.\(name).loss_aux": Computed([outcome.result.auxiliaryTaskLoss], run.lossTolerance),
      "out.\(name).grad_s_main": Computed(outcome.main, gradient),
      "out.\(name).grad_s_aux": Computed(outcome.auxiliary, gradient),
      "out.\(name).count_main_aux": Computed(
        exactly: [statistics.mainSelected, statistics.auxiliarySelected]),
    ]
  }
}
