import Foundation
import Networks
import Torch

/// Pruning by magnitude, tensor by tensor.
package enum Pruning {
  /// Sets the smallest magnitudes of every convolution's weights to 0; biases and BatchNorm stay.
  ///
  /// As many as the rate of a tensor's elements, rounded to even; of equal ones the first go.
  package static func prune(_ state: StateDict, rate: Double) {
    Autograd.withoutHistory {
      for entry in state.parameters where entry.tensor.shape.count == 4 {
        let values = entry.tensor.array(Double.self)
        let count = count(values.count, rate: rate)
        var pruned = values
        let order = values.indices.sorted {
          (values[$0].magnitude, $0) < (values[$1].magnitude, $1)
        }
        for index in order.prefix(count) { pruned[index] = 0 }
        entry.tensor.copy(from: Tensor(pruned, entry.tensor.shape))
      }
    }
  }

  /// How many of `total` elements go.
  package static func count(_ total: Int, rate: Double) -> Int {
    Int((rate * Double(total)).rounded(.toNearestOrEven))
  }
}
