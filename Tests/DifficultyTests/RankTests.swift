import Datasets
import Difficulty
import Foundation
import Reduction
import TestSupport
import Testing

/// The number of ranks is not a hyper-parameter.
@Suite struct RankTests {
  @Test(arguments: [[4], [2, 2], [1, 1, 1, 1], [3, 1], [0, 4]])
  func globalGolden(_ split: [Int]) throws {
    let fixture = try GoldenFile("dist")
    let batch = Batch(fixture)
    let losses: [Double] = fixture.values("out.global.tse_tfe_kd_ce")
    var options = DifficultyOptions(fixture)
    options.minimumKept = Int(fixture.metadata("min_kept_global")) ?? 0
    options.classWeights = LabelFormat.cityscapes.card.classWeights
    let masked = batch.run(options, split: split)
    let statistics = masked.result.statistics
    #expect(masked.results.allSatisfy { $0 == masked.result })
    #expect(relativeError(masked.result.loss, losses[0]) < 2e-6)
    #expect(statistics.mainClassCounts == fixture.values("out.global.class_count_main"))
    #expect(statistics.auxiliaryClassCounts == fixture.values("out.global.class_count_aux"))
    #expect(statistics.keptCounts == fixture.values("out.global.kept"))
    #expect([statistics.validCount] == fixture.values("out.global.num_valid"))
    #expect(statistics.decisionCollectives == 4 && statistics.collectives == 5)
    #expect(
      relativeError(masked.main, fixture.values("out.global.tse_grad_s_main")) < 5e-6)
    #expect(
      relativeError(masked.auxiliary, fixture.values("out.global.tse_grad_s_aux")) < 5e-6)
    let reference = batch.run(options)
    #expect(masked.results.allSatisfy { $0 == reference.result })
    #expect(masked.main == reference.main && masked.auxiliary == reference.auxiliary)

    options.task = .teacherFull
    let weighted = batch.run(options, split: split)
    #expect(relativeError(weighted.result.loss, losses[1]) < 2e-6)
    #expect(weighted.result.statistics.collectives == 1)
    #expect(
      relativeError(weighted.main, fixture.values("out.global.tfe_grad_s_main")) < 5e-6)
    #expect(weighted.results.allSatisfy { $0 == batch.run(options).result })

    options.task = .crossEntropy
    options.distillationWeight = 1
    let plain = batch.run(options, split: split)
    #expect(relativeError(plain.result.distillationLoss, losses[2]) < 1e-12)
    #expect(relativeError(plain.result.mainTaskLoss, losses[3]) < 2e-6)
    #expect(plain.results.allSatisfy { $0 == batch.run(options).result })
  }

  @Test(arguments: [2, 4])
  func localGolden(_ ranks: Int) throws {
    let fixture = try GoldenFile("dist")
    let batch = Batch(fixture)
    let name = "out.official_ddp\(ranks)"
    let losses: [Double] = fixture.values("\(name).tse_tfe_kd_ce")
    var options = DifficultyOptions(fixture)
    options.minimumKept = (Int(fixture.metadata("min_kept_global")) ?? 0) / ranks
    options.classWeights = LabelFormat.cityscapes.card.classWeights
    options.statistics = .local
    let split = Array(repeating: 4 / ranks, count: ranks)
    let masked = batch.run(options, split: split)
    #expect(masked.results.allSatisfy { $0.loss == masked.result.loss })
    #expect(relativeError(masked.result.loss, losses[0]) < 2e-6)
    for rank in 0..<ranks {
      let expected: [Double] = fixture.values("\(name).rank\(rank).thresholds")
      for (tau, reference) in zip(masked.results[rank].statistics.thresholds, expected) {
        #expect(relativeError(Double(tau), reference) < 1e-6)
      }
    }
    #expect(relativeError(masked.main, fixture.values("\(name).tse_grad_s_main")) < 5e-6)
    #expect(
      relativeError(masked.auxiliary, fixture.values("\(name).tse_grad_s_aux")) < 5e-6)
    options.task = .crossEntropy
    options.distillationWeight = 1
    let plain = batch.run(options, split: split)
    #expect(relativeError(plain.result.distillationLoss, losses[2]) < 1e-12)
    #expect(relativeError(plain.result.mainTaskLoss, losses[3]) < 2e-6)
    options.task = .teacherFull
    #expect(relativeError(batch.run(options, split: split).result.taskLoss, losses[1]) < 2e-6)
  }

  @Test(arguments: ["uniform", "ties", "near_one", "tiny"])
  func selectionGolden(_ name: String) throws {
    let fixture = try GoldenFile("select")
    let values: [Float] = fixture.values("in.\(name)")
    let ranks: [Int64] = fixture.values("in.k")
    let bits: [UInt32] = fixture.values("out.\(name).kth_bits")
    let counts: [Int64] = fixture.values("out.\(name).count_le_kth")
    let below: [Int64] = fixture.values("out.\(name).count_le_0_7")
    for split in [1, 2, 3, 4, 7] {
      let starts = (0...split).map { values.count * $0 / split }
      // All values, then those above 0.7 only, where the k-th is one of them.
      for threshold: Float in [-1, 0.7] {
        let asked = ranks.indices.filter { threshold < 0 || ranks[$0] > below[0] }
        let answers = SimulatedRanks.run(split) { reducer in
          values[starts[reducer.rank]..<starts[reducer.rank + 1]].withUnsafeBufferPointer { part in
            ExactSelection(threshold: threshold).run(
              asked.map {
                .init(
                  values: part, rank: ranks[$0],
                  countAtThreshold: threshold < 0 ? 0 : below[0])
              }, reducer: reducer)
          }
        }
        for answer in answers {
          #expect(answer.map(\.value.bitPattern) == asked.map { bits[$0] })
          #expect(answer.map(\.count) == asked.map { counts[$0] })
        }
      }
    }
  }
}
