import Torch

/// Classes of one network as those of another: several become one by adding their probabilities, and those
/// that become none leave theirs to the others in proportion.
package struct ClassMapping: Sendable, Equatable {
  /// For each new class the old ones, at least one.
  private let members: [[Int]]

  /// A mapping.
  ///
  /// - Parameters:
  ///   - targets: for each old class the new one; nil: none.
  ///   - classCount: the number of new classes, each of which is the target of an old one.
  package init(_ targets: [Int?], classCount: Int) {
    members = (0..<classCount).map { new in targets.indices.filter { targets[$0] == new } }
    precondition(
      members.allSatisfy { !$0.isEmpty }, "ClassMapping: a class of no other; expected one or more")
  }

  /// Logits `[N, C', h, w]` of the new classes from those of the old ones, `[N, C, h, w]`: logarithms of sums
  /// of exponentials, which softmax makes the probabilities that were said. Element by element, with history.
  package func callAsFunction(_ logits: Tensor) -> Tensor {
    Tensor.concatenated(
      members.map { members in
        let parts = members.map { logits.narrowed(1, $0..<$0 + 1) }
        guard parts.count > 1 else { return parts[0] }
        let others = parts.dropFirst()
        let largest = others.reduce(parts[0].detached) { $0.maximum($1.detached) }
        return others.reduce((parts[0] - largest).exp) { $0 + ($1 - largest).exp }.log + largest
      }, 1)
  }
}
