import Foundation

/// Random numbers as a pure function of a key and a counter.
///
/// Nothing is stored between draws of different keys, so the draws of a sample do not depend on the
/// rank, thread or process that makes them, nor on what was drawn before: (seed, iteration, sample)
/// is all the state there is.
///
/// The generator is SplitMix64 (Steele, Lea and Flood, 2014) started at a hash of the key's words.
package struct CounterRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A stream for a key.
  ///
  /// - Parameters:
  ///   - purpose: what the numbers are for; streams of different purposes are independent.
  ///   - seed: the run's seed.
  ///   - words: what else names the stream: iteration, sample, layer.
  package init(_ purpose: Purpose, seed: UInt64, _ words: Int...) {
    self.init(purpose, seed: seed, words: words)
  }

  /// The same stream, for words in an array.
  package init(_ purpose: Purpose, seed: UInt64, words: [Int]) {
    var state = Self.mix(seed &+ Self.increment &* (purpose.rawValue &+ 1))
    for word in words {
      state = Self.mix(state ^ Self.mix(UInt64(bitPattern: Int64(word)) &+ Self.increment))
    }
    self.state = state
  }

  /// What a stream of random numbers is for.
  package enum Purpose: UInt64, Sendable {
    /// Initial weights; words: tensor.
    case weights
    /// The order of the samples; words: epoch.
    case shuffle
    /// Scale, crop and mirror of a sample; words: iteration, position in the global batch.
    case augmentation
    /// Dropout masks; words: iteration, layer, position in the global batch.
    case dropout
    /// Synthetic scenes; words: scene.
    case scene
    /// Tests.
    case test
    /// What a bench feeds; words: tensor.
    case bench
    /// Draws of distillation methods; words: a `MethodStream`, then what that says.
    case method
  }

  /// The next 64 random bits.
  package mutating func next() -> UInt64 {
    state = state &+ Self.increment
    return Self.mix(state)
  }

  /// The bits that the `index`-th call of `next()` returns (0 is the first), without drawing them.
  @inlinable
  package func bits(at index: Int) -> UInt64 {
    Self.mix(key &+ (UInt64(bitPattern: Int64(index)) &+ 1) &* Self.increment)
  }

  /// The state that `bits(at:)` counts from.
  @usableFromInline var key: UInt64 { state }

  /// A number in [0, 1) with 53 random bits.
  package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number in [`range.lowerBound`, `range.upperBound`).
  package mutating func uniform(in range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }

  /// An integer in `0..<bound`, without bias (Lemire's multiplication, rejecting the short ends).
  ///
  /// - Parameter bound: at least 1, or the program stops.
  package mutating func integer(below bound: Int) -> Int {
    // This module is built without checks: `precondition` would be only a hint.
    guard bound > 0 else { fatalError("CounterRandom: bound \(bound); expected at least 1") }
    let range = UInt64(bound)
    let unfair = (0 &- range) % range
    while true {
      let product = next().multipliedFullWidth(by: range)
      if product.low >= unfair { return Int(product.high) }
    }
  }

  /// A number from the standard normal distribution (Box and Muller).
  package mutating func normal() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }

  @usableFromInline static let increment: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// SplitMix64's finaliser: a bijection of 64 bits.
  @inlinable
  static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
