import Foundation
import TestSupport
import Testing
import Torch

/// Operators against what they mean.
@Suite struct OperatorTests {
  @Test func pointwise() {
    let (a, b) = (noise([3, 4], 1), noise([3, 4], 2))
    let (x, y) = (a.doubles, b.doubles)
    let cases: [(String, Tensor, (Double, Double) -> Double)] = [
      ("+", a + b, { $0 + $1 }), ("-", a - b, { $0 - $1 }), ("*", a * b, { $0 * $1 }),
      ("/", a / b, { $0 / $1 }), ("maximum", a.maximum(b), { max($0, $1) }),
      ("+ 2", a + 2, { x, _ in x + 2 }), ("- 2", a - 2, { x, _ in x - 2 }),
      ("* 2", a * 2, { x, _ in x * 2 }), ("/ 2", a / 2, { x, _ in x / 2 }),
      ("negate", -a, { x, _ in -x }), ("exp", a.exp, { x, _ in exp(x) }),
      ("log", a.magnitude.log, { x, _ in log(abs(x)) }),
      ("root", a.magnitude.squareRoot, { x, _ in abs(x).squareRoot() }),
      ("relu", a.relu, { x, _ in max(x, 0) }),
      ("clamp", a.clamped(-0.5, 0.25), { x, _ in min(max(x, -0.5), 0.25) }),
      ("zeros", a.zerosLike, { _, _ in 0 }),
      ("at most", a.atMost(0.1), { x, _ in x <= 0.1 ? 1 : 0 }),
      ("greater", a.greater(than: 0.1), { x, _ in x > 0.1 ? 1 : 0 }),
      ("choose", a.greater(than: 0).choose(a, b), { $0 > 0 ? $0 : $1 }),
    ]
    for (name, found, expected) in cases {
      #expect(difference(found.doubles, zip(x, y).map(expected)) < 1e-15, "\(name)")
    }
  }

  @Test func truthValues() {
    let a = Tensor([0, 0, 1, 1] as [UInt8], [4]).notEqual(0)
    let b = Tensor([0, 1, 0, 1] as [UInt8], [4]).notEqual(0)
    #expect(a.and(b).array(UInt8.self) == [0, 0, 0, 1])
    #expect(a.or(b).array(UInt8.self) == [0, 1, 1, 1])
    #expect(a.xor(b).array(UInt8.self) == [0, 1, 1, 0])
    #expect(a.not.array(UInt8.self) == [1, 1, 0, 0])
    #expect(a.equal(b).array(UInt8.self) == [1, 0, 0, 1])
    let odd = Tensor([1, .nan, .infinity, -.infinity] as [Double], [4])
    #expect(odd.isFinite.array(UInt8.self) == [1, 0, 0, 0])
    #expect(odd.equal(1).array(UInt8.self) == [1, 0, 0, 0])
  }

  @Test func shapesBroadcast() {
    let sum = noise([2, 1, 3], 1) + noise([4, 1], 2)
    #expect(sum.shape == [2, 4, 3])
    let (x, y) = (noise(6, 1), noise(4, 2))
    let expected = (0..<24).map { (k: Int) -> Double in x[k / 12 * 3 + k % 3] + y[k / 3 % 4] }
    #expect(difference(sum.doubles, expected) < 1e-15)
  }

  @Test func reductions() {
    let a = noise([2, 3, 4])
    let x = a.doubles
    let rows = (0..<8).map { (k: Int) -> [Double] in
      (0..<3).map { (c: Int) -> Double in x[k / 4 * 12 + c * 4 + k % 4] }
    }
    #expect(difference(a.sum([1]).doubles, rows.map { $0.reduce(0, +) }) < 1e-15)
    #expect(difference(a.mean([1]).doubles, rows.map { $0.reduce(0, +) / 3 }) < 1e-15)
    #expect(a.amax([1]).doubles == rows.map { $0.max() ?? 0 })
    #expect(a.sum([1], keepingDimensions: true).shape == [2, 1, 4])
    #expect(difference([a.sum().item], [x.reduce(0, +)]) < 1e-14)
    #expect(a.amax().item == x.max())
    let best = rows.map { row in Int64(row.firstIndex(of: row.max() ?? 0) ?? -1) }
    #expect(a.argmax(1).array(Int64.self) == best)
    let sums = rows.map { row in row.reduce(0) { $0 + exp($1) } }
    let soft = (0..<24).map { (k: Int) -> Double in exp(x[k]) / sums[k / 12 * 4 + k % 4] }
    #expect(difference(a.softmax(1).doubles, soft) < 1e-15)
    #expect(difference(a.logSoftmax(1).doubles, soft.map { log($0) }) < 1e-14)
    let index = Tensor([2, 0, 1, 1, 0, 2, 2, 1] as [Int64], [2, 1, 4])
    let picked = [2, 0, 1, 1, 0, 2, 2, 1].enumerated().map { rows[$0][$1] }
    #expect(a.gathered(1, index).doubles == picked)
  }

  @Test func matrices() {
    let product = noise([2, 3], 1).matmul(noise([3, 2], 2)).doubles
    let (x, y) = (noise(6, 1), noise(6, 2))
    let expected = (0..<4).map { (k: Int) -> Double in
      (0..<3).reduce(0.0) { (sum: Double, i: Int) in sum + x[k / 2 * 3 + i] * y[i * 2 + k % 2] }
    }
    #expect(difference(product, expected) < 1e-15)
  }

  @Test func views() {
    func numbers(_ range: Range<Int>) -> [Double] { range.map { Double($0) } }
    let values = numbers(0..<24)
    let a = Tensor(values, [2, 3, 4])
    #expect(a.permuted([2, 0, 1]).contiguous().doubles[1] == 4)
    #expect(a.narrowed(1, 1..<3).doubles == numbers(4..<12) + numbers(16..<24))
    #expect(a.reshaped([6, -1]).shape == [6, 4])
    #expect(a.narrowed(2, 0..<1).expanded([2, 3, 2]).doubles.prefix(4) == [0, 0, 4, 4])
    let both = Tensor.concatenated([a, a * 2], 2)
    #expect(both.shape == [2, 3, 8] && both.doubles[4] == 0 && both.doubles[5] == 2)
    let image = Tensor(values, [1, 2, 3, 4]).contiguous(.channelsLast)
    #expect(image.isContiguous(.channelsLast) && !image.isContiguous() && image.doubles == values)
    // A narrowed tensor is a view: what is written there is written here.
    a.narrowed(0, 0..<1).fill(7)
    a.narrowed(0, 1..<2).scale(by: 2)
    a.narrowed(0, 1..<2).add(Tensor.full([1, 3, 4], 1, .float64), times: -3)
    let changed = (0..<24).map { (k: Int) -> Double in k < 12 ? 7 : 2 * Double(k) - 3 }
    #expect(a.doubles == changed)
  }

  @Test func memoryOfTheCaller() {
    final class Owner {
      let memory = UnsafeMutablePointer<Float>.allocate(capacity: 4)
      let ended: UnsafeMutablePointer<Bool>
      init(_ ended: UnsafeMutablePointer<Bool>) {
        self.ended = ended
        memory.initialize(repeating: 2, count: 4)
      }
      deinit {
        memory.deallocate()
        ended.pointee = true
      }
    }
    let ended = UnsafeMutablePointer<Bool>.allocate(capacity: 1)
    ended.initialize(to: false)
    defer { ended.deallocate() }
    do {
      let owner = Owner(ended)
      let tensor = Tensor.over(owner.memory, [2, 2], .float32, owner: owner)
      owner.memory[3] = 5
      #expect(tensor.array(Float.self) == [2, 2, 2, 5] && !ended.pointee)
    }
    #expect(ended.pointee)
  }

  /// A failure inside LibTorch ends the process with the operator, the shapes and its message.
  @Test func failureSaysWhatFailed() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Tensor.zeros([2, 3]).matmul(Tensor.zeros([2, 3], .float64))
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("binary operator([2, 3] float32, [2, 3] float64): "), "\(text)")
  }

  @Test func failureGoesTheWayThatWasSet() async {
    let result = await #expect(
      processExitsWith: .exitCode(70), observing: [\.standardErrorContent]
    ) {
      TorchRuntime.onFailure = { message in
        FileHandle.standardError.write(Data("rdd: error: \(message)\n".utf8))
        exit(70)
      }
      let x = Tensor.zeros([1, 3, 4, 4])
      _ = Functional.convolution(
        x, weight: Tensor.zeros([2, 5, 3, 3]), bias: nil, Window(padding: 1))
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    let line = "rdd: error: conv2d([1, 3, 4, 4] float32, [2, 5, 3, 3] float32): "
    #expect(text.hasPrefix(line) && text.count > line.count + 10, "\(text)")
  }
}
