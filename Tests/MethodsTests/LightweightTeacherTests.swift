import Methods
import TestSupport
import Testing
import Torch

/// `lwkd` on the fixture, with a bank of one sample a class and a linear adversary.
@Suite struct LightweightTeacherTests {
  private func run(_ gan: String, ranks: Int) -> FixA.Outcome {
    FixA.run("lwkd", ["samples": "1", "gan": gan], ranks: ranks) { suite in
      let bank = suite.entries.first { $0.name.hasSuffix("bank") }?.tensor
      Autograd.withoutHistory {
        bank?.copy(from: Tensor([4.0, 1, 0, 1, 4, 0, 0, 1, 4], [3, 1, 3]))
      }
      (suite.distillers.first as? LightweightTeacher)?.score = { rows, _ in
        rows.matmul(Tensor([1.0, -1, 0.5], [3, 1])).reshaped([-1]) + 0.1
      }
    }
  }

  @Test(arguments: [1, 2])
  func values(_ ranks: Int) {
    let plain = run("bce", ranks: ranks)
    #expect(isClose(plain.terms["lwkd.kd"], 0.7644800103), "\(plain.terms)")
    #expect(isClose(plain.terms["lwkd.adversary_loss"], 1.5282013684))
    #expect(isClose(plain.terms["lwkd.adversarial"], 0.5496398087))
    #expect(isClose(plain.loss, 0.3 * 0.7644800103 + 0.1 * 0.5496398087))
    let hinge = run("hinge", ranks: ranks)
    #expect(isClose(hinge.terms["lwkd.adversary_loss"], 2.0828038720))
    #expect(isClose(hinge.terms["lwkd.adversarial"], -0.3347381401))
  }

  /// The light teacher is mostly right about its made-up data, and not always sure.
  @Test(arguments: [3, 4, 19])
  func bankTellsClasses(_ classes: Int) throws {
    let suite = FixA.suite("lwkd", [:], FixA.setting(classes: classes, features: (3, 3)))
    let bank = try #require(suite.entries.first { $0.name.hasSuffix("bank") }?.tensor)
    let best = bank.argmax(2).array(Int64.self)
    let right = best.indices.count { best[$0] == Int64($0 / 64) }
    let share = Double(right) / Double(best.count)
    #expect(share > 0.85 && share < 0.998, "\(share)")
  }
}
