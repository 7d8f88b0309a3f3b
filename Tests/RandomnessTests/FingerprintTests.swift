import Randomness
import Testing

/// The hash that finds accidents. Seeds and parts of data sets come from it, so its values stay.
@Suite struct FingerprintTests {
  /// Source: the test vectors of FNV-1a, 64 bits.
  @Test(
    arguments: [
      ("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8),
    ] as [(String, UInt64)])
  func publishedValues(_ text: String, _ expected: UInt64) {
    #expect(Fingerprint(text).value == expected)
    #expect(Fingerprint(Array(text.utf8)).value == expected)
  }

  @Test func numbersAreEightBytesEach() {
    var numbers = Fingerprint()
    numbers.add(-2)
    numbers.add(300)
    let bytes: [UInt8] = [254] + [UInt8](repeating: 255, count: 7) + [44, 1, 0, 0, 0, 0, 0, 0]
    #expect(numbers == Fingerprint(bytes))
  }
}

/// Streams of random numbers.
@Suite struct CounterRandomTests {
  @Test func wordsInAnArrayNameTheSameStream() {
    var (first, second) = (
      CounterRandom(.scene, seed: 9, 1, -4), CounterRandom(.scene, seed: 9, words: [1, -4])
    )
    #expect((0..<3).map { _ in first.next() } == (0..<3).map { _ in second.next() })
  }

  @Test func bitsAreThoseOfTheCalls() {
    var random = CounterRandom(.scene, seed: 9, 1)
    let key = random
    #expect((0..<4).map { key.bits(at: $0) } == (0..<4).map { _ in random.next() })
  }
}
