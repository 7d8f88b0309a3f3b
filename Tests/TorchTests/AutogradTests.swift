import Foundation
import Synchronization
import TestSupport
import Testing
import Torch

/// Gradients against slopes and closed forms, and where they are put.
@Suite struct AutogradTests {
  /// Central differences of a loss with respect to each element.
  private func slopes(_ values: [Double], _ loss: ([Double]) -> Double) -> [Double] {
    values.indices.map { index in
      var (up, down) = (values, values)
      up[index] += 1e-5
      down[index] -= 1e-5
      return (loss(up) - loss(down)) / 2e-5
    }
  }

  private func check(_ name: String, _ shape: [Int], _ loss: (Tensor) -> Tensor) {
    let values = noise(shape.reduce(1, *), 5)
    let x = Tensor(values, shape)
    x.requiresGradient = true
    Autograd.backward([(loss(x), nil)])
    let expected = Autograd.withoutHistory {
      slopes(values) { loss(Tensor($0, shape)).item }
    }
    #expect(difference(x.gradient?.doubles ?? [], expected) < 1e-7, "\(name)")
  }

  @Test func operatorsAgainstSlopes() {
    let weight = noise([2, 3, 4, 5], 6)
    let index = Tensor((0..<40).map { Int64($0 % 3) }, [2, 1, 4, 5])
    check("arithmetic", [2, 3, 4, 5]) { ((($0 * weight) + $0.exp) / ($0 * $0 + 1)).sum() }
    check("softmax", [2, 3, 4, 5]) { ($0.softmax(1) * weight).sum() }
    check("cross entropy", [2, 3, 4, 5]) { -$0.logSoftmax(1).gathered(1, index).mean() }
    check("upsampling", [1, 2, 3, 4]) {
      let up = Functional.upsample($0, height: 7, width: 9)
      return (up * up).sum()
    }
    check("pools", [1, 2, 6, 7]) {
      (Functional.maxPool($0, kernel: 3, stride: 2, padding: 1).exp.sum()
        + Functional.adaptiveAveragePool($0, height: 2, width: 3).exp.sum())
    }
    check("convolution", [1, 4, 5, 6]) { x in
      let y = Functional.convolution(
        x, weight: noise([6, 2, 3, 3], 7), bias: noise([6], 8),
        Window(stride: 2, padding: 2, dilation: 2, groups: 2))
      return (y * y).sum()
    }
    check("views", [2, 3, 4]) { x in
      let parts = Tensor.concatenated(
        [x.narrowed(1, 1..<3), x.permuted([0, 1, 2]).narrowed(1, 0..<1) * 3], 1)
      return (parts.reshaped([24]) * noise([24], 9)).sum()
    }
  }

  @Test func customOperator() {
    let calls = Mutex(0)
    let x = noise([4], 1)
    let z = noise([4], 2)
    x.requiresGradient = true
    z.requiresGradient = true
    let outputs = Autograd.withoutHistory { [x.detached * x.detached, x.detached * z.detached] }
    let made = Autograd.custom(outputs, of: [x, z]) { gradients in
      calls.withLock { $0 += 1 }
      // The second output takes no part in the loss.
      #expect(gradients[1]?.doubles.allSatisfy { $0 == 0 } ?? true)
      let dy = gradients[0] ?? x.detached.zerosLike
      return [dy * x.detached * 2, nil]
    }
    #expect(made.allSatisfy(\.requiresGradient) && made[0].doubles == outputs[0].doubles)
    Autograd.backward([((made[0] * 3).sum(), nil)])
    #expect(calls.withLock { $0 } == 1)
    #expect(difference(x.gradient?.doubles ?? [], x.doubles.map { 6 * $0 }) < 1e-15)
    #expect(z.gradient?.doubles.allSatisfy { $0 == 0 } ?? true)
  }

  @Test func customOperatorLetsGoOfWhatItHolds() {
    final class Held {
      let ended: Mutex<Bool>
      init() { ended = Mutex(false) }
    }
    weak var seen: Held?
    do {
      let held = Held()
      seen = held
      let x = noise([2], 1)
      x.requiresGradient = true
      let made = Autograd.custom([x.detached.clone()], of: [x]) { gradients in
        held.ended.withLock { $0 = true }
        return [gradients[0]]
      }
      Autograd.backward([(made[0].sum(), nil)])
      #expect(held.ended.withLock { $0 })
    }
    #expect(seen == nil)
  }

  @Test func gradientsOfGivenOutputs() {
    let x = noise([3], 1)
    x.requiresGradient = true
    let dy = noise([3], 2)
    Autograd.backward([(x * x, dy), (x * 5, Tensor.full([3], 1, .float64))])
    let expected = zip(x.doubles, dy.doubles).map { 2 * $0 * $1 + 5 }
    #expect(difference(x.gradient?.doubles ?? [], expected) < 1e-15)
  }

  @Test func hooksRunWhenGradientsAreFinal() {
    let counts = Mutex([0, 0])
    let leaves = (0..<2).map { noise([3], $0) }
    for (index, leaf) in leaves.enumerated() {
      leaf.requiresGradient = true
      leaf.gradient = Tensor.zeros([3], .float64)
      let gradient = leaf.gradient
      leaf.onGradient {
        // What stands in the preset buffer is the whole gradient already.
        #expect(gradient?.doubles == [4, 4, 4])
        counts.withLock { $0[index] += 1 }
      }
    }
    // The first leaf is used twice: its hook still runs once.
    let loss = (leaves[0] * 3 + leaves[0] + leaves[1] * 4).sum()
    Autograd.backward([(loss, nil)])
    #expect(counts.withLock { $0 } == [1, 1])
  }

  @Test func removedHooksAreSilentAndHoldNothing() {
    final class Count: Sendable {
      let value = Mutex(0)
    }
    let leaf = noise([3], 1)
    leaf.requiresGradient = true
    weak var held: Count?
    let hook: GradientHook
    do {
      let count = Count()
      held = count
      hook = leaf.onGradient { count.value.withLock { $0 += 1 } }
    }
    Autograd.backward([((leaf * 2).sum(), nil)])
    #expect(held?.value.withLock { $0 } == 1)
    hook.remove()
    #expect(held == nil)
    Autograd.backward([((leaf * 2).sum(), nil)])
  }

  @Test func gradientsGoToViewsOfOneBuffer() {
    let buffer = Tensor.zeros([10], .float64)
    let (a, b) = (noise([2, 2], 1), noise([6], 2))
    for (leaf, range) in [(a, 0..<4), (b, 4..<10)] {
      leaf.requiresGradient = true
      leaf.gradient = buffer.narrowed(0, range).reshaped(leaf.shape)
    }
    for pass in 1...2 {
      Autograd.backward([((a * 2).sum() + (b * b).sum(), nil)])
      let expected = [Double](repeating: 2, count: 4) + b.doubles.map { 2 * $0 }
      #expect(difference(buffer.doubles, expected.map { Double(pass) * $0 }) < 1e-15)
    }
  }

  @Test func memoryMovesUnderALeaf() {
    let leaf = noise([2, 3], 1)
    let before = leaf.doubles
    leaf.requiresGradient = true
    let home = Tensor.zeros([8], .float64)
    Autograd.withoutHistory {
      let view = home.narrowed(0, 2..<8).reshaped([2, 3])
      view.copy(from: leaf)
      leaf.move(into: view)
      home.scale(by: 2)
    }
    #expect(leaf.doubles == before.map { 2 * $0 } && leaf.requiresGradient)
    Autograd.backward([((leaf * leaf).sum(), nil)])
    #expect(difference(leaf.gradient?.doubles ?? [], before.map { 4 * $0 }) < 1e-15)
  }

  @Test func historyIsOffWhereAsked() {
    let x = noise([2], 1)
    x.requiresGradient = true
    #expect((x * 2).requiresGradient)
    #expect(!Autograd.withoutHistory { (x * 2).requiresGradient })
    #expect(!x.detached.requiresGradient)
  }

  /// As on two ranks that hold the same: the sum over them doubles the values, in each derivative too.
  @Test(arguments: [Torch.ElementType.float64, .float32])
  func selfAdjointOperatorsAreDifferentiableTwice(_ type: Torch.ElementType) {
    let x = Tensor([1.0, -2, 3], [3]).to(type)
    x.requiresGradient = true
    func twice(_ x: Tensor) -> Tensor {
      Autograd.selfAdjoint(x) { values in
        for index in values.indices { values[index] *= 2 }
      }
    }
    let y = twice(x)
    #expect(y.type == type && y.doubles == [2, -4, 6])
    // y^3 has the slope 3 y^2 * 2, and that one's sum the slope 24 y.
    let slope = Autograd.gradient(
      of: (y * y * y).sum(), withRespectTo: x, keepingGraph: true)
    #expect(slope.doubles == [24, 96, 216])
    Autograd.backward([(slope.sum(), nil)])
    #expect(x.gradient?.doubles == [48, -96, 144])
  }
}
