import Parity
import Testing

/// The formula that fills networks for reference numbers, bit for bit.
@Suite struct WeightFormulaTests {
  @Test func generatorIsSplitMixOfFNV() {
    // FNV-1a of the empty tag and name "" is that of "|"; SplitMix64's first output follows.
    var z: UInt64 = (0xcbf2_9ce4_8422_2325 ^ 0x7c) &* 0x100_0000_01b3 &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    z ^= z >> 31
    let u = Float(Double(z >> 40) / 16_777_216)
    let formula = WeightFormula(tag: "")
    #expect(formula.values("", shape: [1]) == [0.25 + 0.5 * u])
  }

  @Test func rangesByKind() {
    let formula = WeightFormula(tag: "t", gains: ["b": 3])
    func bounds(_ name: String, _ shape: [Int]) -> (Float, Float) {
      let values = formula.values(name, shape: shape)
      return (values.min() ?? 0, values.max() ?? 0)
    }
    let bound = Float((6.0 / 90).squareRoot())
    for (name, shape, low, high) in [
      ("a.running_mean", [4000], -0.2, 0.2), ("a.running_var", [4000], 0.5, 1.5),
      ("a.bias", [4000], -0.1, 0.1), ("a.weight", [4000], 0.25, 0.75),
      ("a.weight", [40, 10, 3, 3], -bound, bound), ("b", [40, 10, 3, 3], -3 * bound, 3 * bound),
    ] as [(String, [Int], Float, Float)] {
      let found = bounds(name, shape)
      let slack = (high - low) / 500
      #expect(found.0 >= low && found.0 < low + slack, "\(name)")
      #expect(found.1 <= high && found.1 > high - slack, "\(name)")
    }
    #expect(formula.values("a.num_batches_tracked", shape: []) == [0])
  }
}
