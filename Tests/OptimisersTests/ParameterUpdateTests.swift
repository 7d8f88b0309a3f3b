import Foundation
import Optimisers
import TestSupport
import Testing
import Torch

/// Steps of AdamW, groups and clipping, beside those of PyTorch.
@Suite struct ParameterUpdateTests {
  /// Two parameters, of which the second has ten times the rate and no decay.
  private struct Pair {
    let flat: FlatBuffers
    let update: ParameterUpdate
    let first: Tensor
    let second: Tensor

    init(
      _ start: ([Double], [Double]), _ type: ElementType, clipNorm: Double = 2,
      optimiser: any Optimiser = AdamW(betas: (0.9, 0.98), epsilon: 1e-3)
    ) {
      first = Tensor(start.0, [start.0.count]).to(type)
      second = Tensor(start.1, [1, start.1.count]).to(type)
      flat = FlatBuffers(
        [("body.weight", first), ("head.weight", second)], for: optimiser, isExact: false)
      update = ParameterUpdate(
        optimiser, weightDecay: 0.2, clipNorm: clipNorm,
        groups: [ParameterGroup(match: "head.*", rate: 10, decay: 0)], flat.places)
    }

    /// The last layer lies first.
    func step(_ gradients: ([Double], [Double]), rate: Double) -> Bool {
      let all = gradients.1 + gradients.0
      flat.gradients.copy(from: Tensor(all, [all.count]))
      return update(flat, rate: rate)
    }

    /// A buffer, the first layer first.
    func values(_ buffer: Tensor) -> [Double] {
      flat.places.reversed().flatMap { Array(buffer.array(Double.self)[$0.range]) }
    }
  }

  private static let start = ([1, -2, 0.5, 4], [0.25, -0.125])
  private static let gradients = [
    ([0.5, -1, 0, 2], [1.5, -0.25]), ([-0.25, 3, 1e-3, 0.125], [0.75, 0.5]),
    ([4, -0.5, 0.25, -1], [-2, 1]),
  ]
  /// After each step: PyTorch 1.13, `torch.optim.AdamW` in float64 with lr 0.03 (0.3 and no decay for the
  /// second), betas (0.9, 0.98), eps 1e-3, weight_decay 0.2, after `clip_grad_norm_` to 2.
  private static let expected = [
    [
      0.9640822737770309, -1.95804119337409, 0.497, 3.946020610837544, -0.04972525175265169,
      0.17335902476706305,
    ],
    [
      0.9488304717251423, -1.9599387598680222, 0.48710230992337306, 3.9009723648486108,
      -0.3239305999018969, 0.07987210511582957,
    ],
    [
      0.9230034945193529, -1.9567409229753137, 0.4653990515502912, 3.86704489473935,
      -0.3851606582634898, -0.11121843483041188,
    ],
  ]
  private static let norms = [2.75, 3.144936565338004, 4.723610906922796]
  private static let moments = [
    [
      0.18450774844725903, 0.09162521159558816, 0.010642355080124177, 0.0826320130819089,
      0.04660877270519112, 0.05623063384691173,
    ],
    [
      0.060402239744762325, 0.08239618585983295, 0.00022409746766614223, 0.04434767089258726,
      0.041659585921722884, 0.0062020805053621,
    ],
  ]

  @Test(arguments: [ElementType.float64, .float32])
  func adamWStepsAsPyTorchDoes(_ type: ElementType) {
    let pair = Pair(Self.start, type)
    // PyTorch 1.13 rounds the norm's factor to float32 on its way.
    let tolerance = type == .float64 ? 1e-9 : 2e-6
    for (index, gradients) in Self.gradients.enumerated() {
      let all = gradients.1 + gradients.0
      pair.flat.gradients.copy(from: Tensor(all, [all.count]))
      #expect(isClose(pair.flat.gradientNorm(), Self.norms[index], tolerance))
      #expect(pair.step(gradients, rate: 0.03))
      #expect(difference(pair.values(pair.flat.values), Self.expected[index]) < tolerance)
      #expect(pair.first.detached.array(Double.self) == Array(pair.values(pair.flat.values)[..<4]))
    }
    for (state, moments) in zip(pair.flat.states, Self.moments) {
      #expect(difference(pair.values(state), moments) < tolerance)
    }
    #expect(pair.flat.gradients.array(Double.self).allSatisfy { $0 == 0 })
  }

  @Test(.enabled(if: DebianPython.hasTorch, "/usr/bin/python3 has no torch"))
  func manyStepsAreThoseOfPyTorch() throws {
    var state = 1 as UInt64
    let numbers = (0..<64 * 51).map { _ -> Double in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(Int64(bitPattern: state) >> 11) * 0x1p-51
    }
    let found = try withTemporaryFolder { folder -> [Double] in
      try numbers.withUnsafeBytes {
        try Data($0).write(to: folder.appending(path: "numbers.f64"))
      }
      let result = try DebianPython.run("optimisers.py", ["50", folder.path])
      try #require(result.exitCode == 0, "\(result)")
      return try Data(contentsOf: folder.appending(path: "found.f64")).withUnsafeBytes {
        Array($0.bindMemory(to: Double.self))
      }
    }
    func row(_ index: Int) -> ([Double], [Double]) {
      let row = numbers[index * 64..<(index + 1) * 64]
      return (Array(row.prefix(40)), Array(row.suffix(24)))
    }
    let pair = Pair(row(0), .float64)
    for step in 1...50 { #expect(pair.step(row(step), rate: 0.03 / Double(step))) }
    let ours = ([pair.flat.values] + pair.flat.states).flatMap(pair.values)
    #expect(found.count == 192 && difference(ours, found) < 1e-9)
  }

  /// `clip_grad_norm_`: a norm of 5 becomes 1, one below stays, and 0 means any.
  @Test(arguments: [ElementType.float64, .float32])
  func gradientsAreClippedByTheNormOfAll(_ type: ElementType) {
    func moved(_ clipNorm: Double, _ gradients: ([Double], [Double])) -> [Double] {
      let pair = Pair(([0, 0], [0]), type, clipNorm: clipNorm, optimiser: SGD(momentum: 0))
      #expect(pair.step(gradients, rate: 1))
      return pair.values(pair.flat.values)
    }
    let factor = 1 / (5 + 1e-6)
    // The second parameter's rate is ten times as high.
    let clipped = moved(1, ([3, 0], [4]))
    #expect(
      difference(clipped, [-3 * factor, 0, -40 * factor]) < (type == .float64 ? 1e-15 : 1e-7))
    #expect(moved(6, ([3, 0], [4])) == [-3, 0, -40])
    #expect(moved(0, ([300, 0], [400])) == [-300, 0, -4000])
  }

  /// With factors of 1 and no clipping a step has the bits of one without them.
  @Test func groupsOfFactorOneChangeNoBit() {
    func weights(_ groups: [ParameterGroup]) -> [Double] {
      let optimiser = SGD(momentum: 0.9)
      let tensor = Tensor([Float](Self.start.0.map { Float($0) / 3 }), [4])
      let flat = FlatBuffers([("w", tensor)], for: optimiser, isExact: false)
      let update = ParameterUpdate(
        optimiser, weightDecay: 1e-4, clipNorm: 1e6, groups: groups, flat.places)
      for (gradient, _) in Self.gradients {
        flat.gradients.copy(from: Tensor(gradient.map { $0 / 7 }, [4]))
        update(flat, rate: 0.017)
      }
      return tensor.detached.array(Double.self)
    }
    #expect(weights([]) == weights([ParameterGroup(match: "*")]))
    #expect(weights([]) != weights([ParameterGroup(match: "*", rate: 0.5)]))
  }

  /// What is not finite is told, in each part of the buffers.
  @Test(arguments: [ElementType.float64, .float32], [0, 3, 5])
  func weightsThatAreNotFiniteAreTold(_ type: ElementType, _ place: Int) {
    for value in [Double.infinity, -.infinity, .nan] {
      var gradient = [Double](repeating: 0.5, count: 6)
      gradient[place] = value
      let pair = Pair(Self.start, type, clipNorm: 0, optimiser: SGD(momentum: 0.5))
      #expect(!pair.step((Array(gradient[..<4]), Array(gradient[4...])), rate: 0.1))
    }
  }

  /// A checkpoint has the states by name, the first layer first, and the updates where they count.
  @Test func statesHaveNames() {
    let adam = Pair(Self.start, .float32)
    #expect(
      adam.flat.entries.map(\.name) == [
        "first_moment.body.weight", "first_moment.head.weight", "second_moment.body.weight",
        "second_moment.head.weight", "updates", "clipped_digits",
      ])
    #expect(adam.flat.entries.map(\.tensor.shape) == [[4], [1, 2], [4], [1, 2], [1], [1]])
    _ = adam.step(Self.gradients[0], rate: 0.1)
    // A norm of 2.75 becomes 2: less than a binary digit.
    #expect(adam.flat.entries.suffix(2).map { $0.tensor.item } == [1, 1])
    let sgd = Pair(Self.start, .float32, optimiser: SGD(momentum: 0.9))
    #expect(
      sgd.flat.entries.map(\.name) == [
        "momentum.body.weight", "momentum.head.weight", "clipped_digits",
      ])
  }

  /// The grid of exact sums reaches above the first moment by what it averages and what was clipped.
  @Test func gradientsMayBeLargerThanTheFirstMoment() {
    let pair = Pair(Self.start, .float32)
    #expect(pair.flat.sizes.peaks == [0, 0] && pair.flat.sizes.digits == 4)
    // From 6 to 2: a third, which takes two digits.
    _ = pair.step(([6, 0, 0, 0], [0, 0]), rate: 0.01)
    let sizes = pair.flat.sizes
    #expect(sizes.digits == 6 && sizes.peaks[0] == 0 && isClose(sizes.peaks[1], 0.2, 1e-6))
    #expect(SGD(momentum: 0.9).headRoom == 0)
  }
}
