import Datasets
import Difficulty
import Foundation
import TestSupport
import Testing

/// The engine against the authors' numbers (float32 tolerances of the golden set).
@Suite struct GoldenTests {
  private let lossTolerance = 2e-6
  private let gradientTolerance = 5e-6

  @Test(arguments: ["tfe", "tfe_b1", "tfe_c11", "tfe_large"])
  func teacherFull(_ name: String) throws {
    let fixture = try GoldenFile(name)
    var batch = Batch(fixture)
    var options = DifficultyOptions()
    options.task = .teacherFull
    options.distillationWeight = 0
    let outcome = batch.run(options)
    #expect(relativeError(outcome.result.loss, fixture.scalar("out.loss")) < lossTolerance)
    #expect(
      relativeError(outcome.result.statistics.meanWeight, fixture.scalar("out.weight_mean")) < 1e-6)
    #expect(
      relativeError(outcome.main, fixture.values("out.grad_s_main")) < gradientTolerance)
    #expect(
      relativeError(outcome.auxiliary, fixture.values("out.grad_s_aux")) < gradientTolerance)
    guard fixture.has("out.grad_s_main_noaux") else { return }
    batch.studentAuxiliary = nil
    let alone = batch.run(options)
    #expect(relativeError(alone.result.loss, fixture.scalar("out.loss_noaux")) < lossTolerance)
    #expect(
      relativeError(alone.main, fixture.values("out.grad_s_main_noaux")) < gradientTolerance)
  }

  /// What the scripts of other methods compute: one weight for all pixels.
  @Test(arguments: ["tfe", "tfe_b1", "tfe_c11", "tfe_large"])
  func meanWeighting(_ name: String) throws {
    let fixture = try GoldenFile(name)
    let batch = Batch(fixture)
    var options = DifficultyOptions()
    options.task = .teacherFull
    options.weighting = .mean
    options.distillationWeight = 0
    let outcome = batch.run(options)
    #expect(relativeError(outcome.result.loss, fixture.scalar("out.otherkd_loss")) < lossTolerance)
    if batch.images > 1 {
      let split = batch.run(options, split: [1, batch.images - 1, 0])
      #expect(split.results.allSatisfy { $0 == outcome.result })
      #expect(split.main == outcome.main && split.auxiliary == outcome.auxiliary)
    }
    guard fixture.has("out.otherkd_grad_s_main") else { return }
    #expect(
      relativeError(outcome.main, fixture.values("out.otherkd_grad_s_main")) < gradientTolerance)
    #expect(
      relativeError(outcome.auxiliary, fixture.values("out.otherkd_grad_s_aux"))
        < gradientTolerance)
  }

  static let masked = [
    "tse_thr", "tse_kth", "tse_mixed", "tse_few_valid", "tse_one_image_ignored",
    "tse_all_ignored", "tse_single_class", "tse_c11_nw", "tse_ties", "tse_large",
  ]

  @Test(arguments: masked)
  func teacherStudent(_ name: String) throws {
    let fixture = try GoldenFile(name)
    let batch = Batch(fixture)
    let modes: [(String, DifficultyOptions.Mask)] = [
      ("XOR", .xor), ("OR", .or), ("AND", .and), ("OHEM", .ohem),
    ]
    for (mode, mask) in modes where fixture.has("out.\(mode).loss") {
      var options = DifficultyOptions(fixture)
      options.mask = mask
      let outcome = batch.run(options)
      let result = outcome.result
      let statistics = result.statistics
      for (found, key) in [
        (result.loss, "loss"), (result.mainTaskLoss, "loss_main"),
        (result.auxiliaryTaskLoss, "loss_aux"),
      ] {
        let expected = fixture.scalar("out.\(mode).\(key)")
        #expect(relativeError(found, expected) < lossTolerance, "\(mode) \(key)")
      }
      let tolerance = name == "tse_ties" ? 2e-5 : gradientTolerance
      let main = relativeError(outcome.main, fixture.values("out.\(mode).grad_s_main"))
      let auxiliary = relativeError(outcome.auxiliary, fixture.values("out.\(mode).grad_s_aux"))
      #expect(main < tolerance && auxiliary < tolerance, "\(mode)")
      let counts: [Int64] = fixture.values("out.\(mode).count_main_aux")
      #expect([statistics.mainSelected, statistics.auxiliarySelected] == counts)
      #expect(statistics.keptCounts == fixture.values("out.kept"))
      for (tau, expected) in zip(
        statistics.thresholds, fixture.values("out.thresholds", as: Double.self))
      {
        #expect(relativeError(Double(tau), expected) < 1e-6)
      }
      #expect(String(statistics.validCount) == fixture.metadata("num_valid"))
      #expect(String(statistics.fallback) == fixture.metadata("fallback_all_valid"))
      #expect(statistics.emptyMask == counts.contains(0))
    }
  }

  @Test(arguments: [("T1_lambda1", 1.0, 1.0), ("T4_lambda1", 4, 1), ("T2_lambda0.5", 2, 0.5)])
  func distillation(_ name: String, _ temperature: Double, _ weight: Double) throws {
    let fixture = try GoldenFile("kd")
    let shape = fixture.shape("in.s")
    // Without a valid pixel only the distillation term is left.
    var batch = Batch(
      images: shape[0], classes: shape[1], low: (shape[2], shape[3]), size: (5, 7), ignored: 1,
      seed: 1)
    batch.studentMain = fixture.values("in.s")
    batch.teacherMain = fixture.values("in.t")
    var options = DifficultyOptions()
    options.distillationTemperature = temperature
    options.distillationWeight = weight
    let outcome = batch.run(options)
    #expect(
      relativeError(outcome.result.distillationLoss, fixture.scalar("out.\(name).loss")) < 1e-12)
    #expect(relativeError(outcome.main, fixture.values("out.\(name).grad_s")) < 2e-7)
    #expect(outcome.auxiliary.allSatisfy { $0 == 0 })
  }

  @Test func blend() throws {
    let fixture = try GoldenFile("blend")
    let batch = Batch(fixture)
    let shares: [Double] = fixture.values("out.lambda_tfe")
    let losses: [Double] = fixture.values("out.task_kd_total")
    let parts: [Double] = fixture.values("out.tfe_tse")
    for (index, share) in shares.enumerated() {
      var options = DifficultyOptions(fixture)
      options.task = .blend(share: share)
      options.classWeights = LabelFormat.cityscapes.card.classWeights
      options.distillationWeight = 1
      let outcome = batch.run(options)
      let found = [
        outcome.result.taskLoss, outcome.result.distillationLoss, outcome.result.loss,
        outcome.result.weightedLoss, outcome.result.maskedLoss,
      ]
      let expected = losses[3 * index..<3 * index + 3] + parts[2 * index..<2 * index + 2]
      for (value, reference) in zip(found, expected) {
        #expect(relativeError(value, reference) < lossTolerance)
      }
      let main = relativeError(outcome.main, fixture.values("out.\(index).grad_s_main"))
      let auxiliary = relativeError(outcome.auxiliary, fixture.values("out.\(index).grad_s_aux"))
      #expect(main < gradientTolerance && auxiliary < gradientTolerance)
    }
  }
}

extension DifficultyOptions {
  /// The options of a golden TSE file: task loss only.
  init(_ fixture: GoldenFile) {
    self.init()
    distillationWeight = 0
    threshold = Double(fixture.metadata("thresh")) ?? .nan
    minimumKept = Int(fixture.metadata("min_kept")) ?? 0
    if fixture.metadata("use_class_weights") == "true" {
      classWeights = LabelFormat.cityscapes.card.classWeights
    }
  }
}
