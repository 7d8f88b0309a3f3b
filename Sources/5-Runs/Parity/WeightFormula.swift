import Foundation
import Networks
import Randomness
import Torch

/// Weights that a formula gives, so that reference numbers of whole networks need no weight file.
///
/// A value depends on its tensor's name, a tag and its index alone: FNV-1a of `tag|name` seeds
/// SplitMix64, whose top 24 bits are a uniform number in [0, 1).
package struct WeightFormula: Sendable {
  /// Tells networks with equal names apart.
  package let tag: String
  /// Factors of some convolutions, by name; 1 for the others.
  package let gains: [String: Double]

  /// The formula of a tag.
  package init(tag: String, gains: [String: Double] = [:]) {
    self.tag = tag
    self.gains = gains
  }

  /// Overwrites all tensors of a network; the counters of batches become 0.
  package func fill(_ network: SegmentationNetwork) {
    Autograd.withoutHistory {
      for entry in network.state.entries {
        let shape = entry.tensor.shape
        entry.tensor.copy(from: Tensor(values(entry.name, shape: shape), shape))
      }
    }
  }

  /// The values of one tensor, row-major.
  ///
  /// - Parameters:
  ///   - name: its `state_dict` name, which says what it is.
  ///   - shape: four lengths for a convolution, `[O, I / groups, kh, kw]`.
  package func values(_ name: String, shape: [Int]) -> [Float] {
    let count = shape.reduce(1, *)
    if name.hasSuffix("num_batches_tracked") { return [Float](repeating: 0, count: count) }
    let uniform = uniforms(name, count: count)
    func signed(_ u: Float) -> Float { 2 * u - 1 }
    if shape.count == 4 {
      let fanIn = Double(shape[1] * shape[2] * shape[3])
      let bound = Float((gains[name] ?? 1) * (6 / fanIn).squareRoot())
      return uniform.map { signed($0) * bound }
    }
    if name.hasSuffix("running_mean") { return uniform.map { 0.2 * signed($0) } }
    if name.hasSuffix("running_var") { return uniform.map { 0.5 + $0 } }
    if name.hasSuffix("bias") { return uniform.map { 0.1 * signed($0) } }
    return uniform.map { 0.25 + 0.5 * $0 }
  }

  /// Numbers in [-1, 1) of a name, without a scale.
  package func signed(_ name: String, count: Int) -> [Float] {
    uniforms(name, count: count).map { 2 * $0 - 1 }
  }

  private func uniforms(_ name: String, count: Int) -> [Float] {
    let seed = Fingerprint("\(tag)|\(name)").value
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      var state = seed
      for index in 0..<count {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        buffer[index] = Float(z >> 40) * 0x1p-24
      }
      initialized = count
    }
  }
}
