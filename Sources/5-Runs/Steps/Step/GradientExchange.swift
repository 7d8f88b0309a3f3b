import DataParallel
import Reduction

/// What brings every gradient's sum over the ranks to all of them.
package protocol GradientExchange: AnyObject, Sendable {
  /// Says that a gradient is final, by its number in the order in which backward finishes them. Any thread
  /// may call it, once between two calls of `wait()`.
  func ready(_ index: Int)

  /// Returns when all gradients hold their sums over all ranks. Collective.
  func wait()

  /// Gives back what the exchange holds, after the last `wait()`. Collective.
  func close() throws

  /// What happened to each bucket between the last two calls of `wait()`.
  var events: [BucketEvent] { get }
}

extension GradientBuckets: GradientExchange {}

/// Sums the gradients by a reducer once backward has ended: for ranks without MPI, as simulated ones. One
/// thread calls it.
package final class ReducerExchange: GradientExchange, @unchecked Sendable {
  private let gradients: [GradientBuffer]
  private let reducer: any Reducer

  /// An exchange of gradients that outlive it.
  package init(_ gradients: [GradientBuffer], _ reducer: any Reducer) {
    self.gradients = gradients
    self.reducer = reducer
  }

  /// None: there are no buckets.
  package var events: [BucketEvent] { [] }
  /// Nothing: gradients are summed when all are there.
  package func ready(_ index: Int) {}
  /// Nothing: the exchange holds nothing.
  package func close() {}

  /// Sums all gradients, one after another; those of float32 are added in float64. Collective.
  package func wait() {
    for gradient in gradients {
      switch gradient.shape.type {
      case .int64: reducer.sum(gradient.bytes.bindMemory(to: Int64.self))
      case .float64: reducer.sum(gradient.bytes.bindMemory(to: Double.self))
      case .float32:
        let values = gradient.bytes.bindMemory(to: Float.self)
        var sums = values.map { Double($0) }
        reducer.sum(&sums)
        for (index, sum) in sums.enumerated() { values[index] = Float(sum) }
      default:
        preconditionFailure(
          "ReducerExchange: gradients of \(gradient.shape.type); expected int64, float32 or float64"
        )
      }
    }
  }
}
