import Synchronization
import Torch

/// Parameters, their gradients and what an optimiser keeps of them, in one buffer each.
///
/// They lie in the order in which backward finishes them, the last layer first, so that buckets of
/// gradients are contiguous.
package final class FlatBuffers: Sendable {
  /// One parameter's place.
  package struct Place: Sendable {
    /// The parameter's `state_dict` name.
    package let name: String
    /// The tensor that the layers use.
    package let parameter: Tensor
    /// Its elements in the buffers.
    package let range: Range<Int>
  }

  /// The parameters, `[total]`.
  package let values: Tensor
  /// Their gradients, `[total]`.
  package let gradients: Tensor
  /// What the optimiser keeps, `[total]` each, in the order of its card; they start at 0.
  package let states: [Tensor]
  /// Where each parameter is, the last layer first.
  package let places: [Place]
  /// Whether gradients are exact sums that were rounded: then backward adds nothing to them.
  package let isExact: Bool
  /// The optimiser that the states belong to.
  package let card: OptimiserCard
  private let headRoom: Int
  /// Updates so far, and the binary digits by which the last one was clipped: int64 `[1]`, in host memory.
  private let updates = Tensor.zeros([1], .int64)
  private let clipped = Tensor.zeros([1], .int64)
  /// The largest size of the first state in each place, known once the optimiser has moved it.
  private let peaks = Mutex<[Double]?>(nil)

  /// Moves parameters, of which there is at least one, into one buffer, the last first. Layers go on using
  /// their tensors.
  ///
  /// - Parameters:
  ///   - parameters: names and tensors, the first layer first, all of one type and device.
  ///   - optimiser: what will move them.
  ///   - isExact: whether gradients are exact sums that were rounded.
  package init(
    _ parameters: [(name: String, tensor: Tensor)], for optimiser: any Optimiser, isExact: Bool
  ) {
    let first = parameters[0].tensor
    let total = parameters.reduce(0) { $0 + $1.tensor.count }
    func buffer() -> Tensor { Tensor.zeros([total], first.type, device: first.device) }
    (values, gradients) = (buffer(), buffer())
    card = type(of: optimiser).card
    headRoom = optimiser.headRoom
    states = card.states.map { _ in buffer() }
    self.isExact = isExact
    var places: [Place] = []
    var start = 0
    for entry in parameters.reversed() {
      let range = start..<start + entry.tensor.count
      places.append(Place(name: entry.name, parameter: entry.tensor, range: range))
      start = range.upperBound
    }
    self.places = places
    Autograd.withoutHistory {
      for place in places {
        let home = part(values, place)
        home.copy(from: place.parameter)
        place.parameter.move(into: home)
      }
    }
  }

  /// A parameter's part of one of the buffers, in the parameter's shape.
  package func part(_ buffer: Tensor, _ place: Place) -> Tensor {
    buffer.narrowed(0, place.range).reshaped(place.parameter.shape)
  }

  /// What the optimiser keeps, by the names that checkpoints have. A checkpoint that lacks an optional
  /// tensor has zeros there.
  package var entries: [(name: String, tensor: Tensor, isOptional: Bool)] {
    let kept = zip(card.states, states).flatMap { name, state in
      places.reversed().map { ("\(name).\($0.name)", part(state, $0), false) }
    }
    return kept + (card.countsUpdates ? [("updates", updates, false)] : [])
      + [("clipped_digits", clipped, true)]
  }

  /// All that ranks have to hold alike before they begin.
  package var shared: [Tensor] { [values] + states + [updates, clipped] }

  /// Counts an update: its number, from 1.
  func beginUpdate(clippedDigits: Int) -> Int {
    clipped.data.assumingMemoryBound(to: Int64.self)[0] = Int64(clippedDigits)
    let count = updates.data.assumingMemoryBound(to: Int64.self)
    count[0] += 1
    return Int(count[0])
  }

  /// Notes what the optimiser found in each place.
  func note(peaks found: [Double]) { peaks.withLock { $0 = found } }

  /// For each place the largest size of the first state, which all ranks and every resumed run hold
  /// alike, and by how many binary digits gradients may be larger. Float32 in host memory alone.
  package var sizes: (peaks: [Double], digits: Int) {
    let found = peaks.withLock { known in
      let found = known ?? places.map { peak(in: $0.range) }
      known = found
      return found
    }
    return (found, headRoom + Int(clipped.data.assumingMemoryBound(to: Int64.self)[0]))
  }

  private func peak(in range: Range<Int>) -> Double {
    let values = states[0].data.assumingMemoryBound(to: Float.self)
    var found = Found<Float>()
    for index in range { found.note(state: values[index]) }
    return found.moved.peak
  }
}
