import Methods
import TestSupport
import Testing
import Torch

/// `spec` on the fixture.
@Suite struct SpeculativeTests {
  @Test(arguments: [1, 2])
  func expected(_ ranks: Int) {
    for (k, value) in [(1, 0.6017923422), (2, 0.7573251909), (3, 0.9195153917)] {
      let outcome = FixA.run("spec", ["k": "\(k)"], ranks: ranks)
      #expect(isClose(outcome.terms["spec.loss"], value), "\(k): \(outcome.terms)")
    }
    let weighted = FixA.run("spec", ["k": "2"], ranks: ranks, weighted: true)
    #expect(isClose(weighted.terms["spec.loss"], 0.7540993418))
    // Of three valid pixels, the student's mass off the teacher's best class.
    let accepted = [0.6652409558, 0.5064803911, 0.6285317192]
    let corrected = FixA.run("spec", ["k": "1"], ranks: ranks).terms["spec.corrected"]
    #expect(isClose(corrected, 1 - accepted.reduce(0, +) / 3))
  }

  @Test func gradient() {
    let first = FixA.run("spec", ["k": "1"]).gradient.prefix(3).map { 3 * $0 }
    #expect(isClose(Array(first), [-0.2957569623, 0.2204512612, 0.0753057011]), "\(first)")
    #expect(FixA.run("spec", ["k": "3"]).gradient.allSatisfy { abs($0) < 1e-15 })
  }

  @Test func divergenceIsKD() {
    let outcome = FixA.run("spec", ["target": "divergence"])
    #expect(isClose(outcome.terms["spec.loss"], 0.0961935046))
  }

  @Test func schedule() throws {
    var setting = FixA.setting(classes: 19, features: (3, 3))
    setting.iterations = 8
    let suite = FixA.suite("spec", ["k": "19", "k_end": "1"], setting)
    let method = try #require(suite.distillers.first as? Speculative)
    #expect((1...8).map { method.bestCount($0) } == [19, 16, 14, 11, 9, 6, 4, 1])
    let usual = FixA.suite("spec", [:], setting).distillers.first as? Speculative
    #expect(usual?.bestCount(5) == 3)
  }

  @Test func sampled() {
    let outcome = FixA.run("spec", ["target": "sampled", "k": "1"]) { suite in
      (suite.distillers.first as? Speculative)?.uniforms = { _, position, purpose in
        let numbers = [[0.10, 0.80, 0.95, 0.50], [0.30, 0.95, 0.99, 0.05]][purpose]
        return Array(numbers[2 * position..<2 * position + 2])
      }
    }
    #expect(isClose(outcome.terms["spec.loss"], 0.6840814731), "\(outcome.terms)")
    #expect(isClose(outcome.terms["spec.corrected"], 1.0 / 3))
  }
}
