import Methods
import Reduction
import Testing
import Torch

/// The optimiser of adversaries.
@Suite struct AdamTests {
  /// 2^60 - 2^60 + 1 is 1, and 2^60 + (-2^60 + 1) is 0.
  private static let rows: [Double] = [0x1p60, -0x1p60, 1, 3]

  /// The parameter after an update by the gradients of four images, on ranks that hold `shares` of them.
  private func moved(_ shares: [Int]) -> [UInt64] {
    SimulatedRanks.run(shares.count) { reducer -> UInt64 in
      let start = shares[..<reducer.rank].reduce(0, +)
      let parameter = Tensor([0.25], [1])
      let adam = Adam([parameter], rate: 0.5, decay: (0.9, 0.999))
      adam.update(Array(Self.rows[start..<start + shares[reducer.rank]]), reducer)
      return parameter.item.bitPattern
    }
  }

  @Test func splitsChangeNoBit() {
    let whole = moved([4])
    for shares in [[1, 3], [2, 2], [3, 1], [1, 1, 2], [1, 2, 1], [1, 1, 1, 1], [0, 4]] {
      #expect(moved(shares) == Array(repeating: whole[0], count: shares.count), "\(shares)")
    }
  }
}
