import Methods
import Randomness
import Testing

/// Which random numbers methods draw.
@Suite struct MethodStreamTests {
  /// The numbers are in weights that were trained: they stay for ever.
  @Test func valuesStay() {
    #expect(MethodStream.allCases.map(\.rawValue) == Array(0...9) + Array(20...27) + [30])
  }

  @Test func streamsDiffer() {
    let first = MethodStream.allCases.map { stream in
      var random = CounterRandom(method: stream, seed: 5)
      return random.next()
    }
    #expect(Set(first).count == first.count)
  }

  @Test func valueIsTheFirstWord() {
    var named = CounterRandom(method: .speculation, seed: 3, 7, 2, 1)
    var plain = CounterRandom(.method, seed: 3, 5, 7, 2, 1)
    #expect((0..<4).map { _ in named.next() } == (0..<4).map { _ in plain.next() })
  }
}
