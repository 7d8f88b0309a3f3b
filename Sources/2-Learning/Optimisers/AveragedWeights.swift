import Torch

/// An exponential moving average of a network's tensors, running statistics included.
///
///     average = average + (1 - d) * (value - average),  d = min(decay, (1 + n) / (10 + n))
///
/// after iteration n, so that the start of a run is soon forgotten. Counters are copied. Sources: Polyak and
/// Juditsky 1992; the growing decay is that of TensorFlow's `ExponentialMovingAverage`.
package final class AveragedWeights: Sendable {
  /// A tensor and its average, of the same shape.
  package struct Entry: Sendable {
    /// The tensor's `state_dict` name.
    package let name: String
    /// What is trained.
    package let value: Tensor
    /// The average.
    package let average: Tensor
  }

  /// The tensors, in the order of the network.
  package let entries: [Entry]
  private let decay: Double

  /// Averages that begin with the values as they are; made after `FlatBuffers` has moved them.
  package init(_ tensors: [(name: String, tensor: Tensor)], decay: Double) {
    self.decay = decay
    entries = tensors.map { name, tensor in
      Entry(name: name, value: tensor, average: tensor.copied)
    }
  }

  /// Begins again with the values as they are.
  package func restart() {
    Autograd.withoutHistory { for entry in entries { entry.average.copy(from: entry.value) } }
  }

  /// Adds the values after an iteration, from 1.
  package func add(iteration: Int) {
    let count = Double(iteration)
    let share = 1 - min(decay, (1 + count) / (10 + count))
    Autograd.withoutHistory {
      for entry in entries {
        switch (entry.value.device, entry.value.type) {
        case (.cpu, .float32): Self.sweep(entry, Float(share))
        case (.cpu, .float64): Self.sweep(entry, share)
        case (_, .float32), (_, .float64):
          entry.average.add(entry.value - entry.average, times: share)
        default: entry.average.copy(from: entry.value)
        }
      }
    }
  }

  private static func sweep<Value: FlatElement>(_ entry: Entry, _ share: Value) {
    entry.value.withElements(of: Value.self) { values in
      entry.average.withMutableElements(of: Value.self) { averages in
        for index in values.indices {
          averages[index] += share * (values[index] - averages[index])
        }
      }
    }
  }

  /// Runs `body` while the network has the averages, and gives it its own values back.
  package func lent<Result>(_ body: () throws -> Result) rethrows -> Result {
    exchange()
    defer { exchange() }
    return try body()
  }

  private func exchange() {
    Autograd.withoutHistory {
      for entry in entries {
        let value = entry.value.copied
        entry.value.copy(from: entry.average)
        entry.average.copy(from: value)
      }
    }
  }
}

extension Tensor {
  /// A row-major tensor of its own with the same bits.
  fileprivate var copied: Tensor {
    let copy = Tensor.empty(shape, type, device: device)
    copy.copy(from: self)
    return copy
  }
}
