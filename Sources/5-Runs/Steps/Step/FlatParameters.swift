import DataParallel
import MPI
import Methods
import Networks
import Optimisers
import Torch

/// The parameters of a student and its methods in flat buffers, and the way of their gradients: from
/// backward, over the ranks, to the optimiser.
///
/// With exact sums, gradients are added image by image as integers (`GradientSum`), which travel between
/// the ranks, and are rounded to float32 once. The finest grid of a parameter follows from the largest
/// value of the optimiser's first state, which all ranks and every resumed run hold alike.
package final class FlatParameters: Sendable {
  /// Values, gradients, and what the optimiser keeps.
  package let buffers: FlatBuffers
  /// The gradients as MPI reads them, `[total]`: these, their copy in host memory, or the exact sums'
  /// units.
  private let hostGradients: Tensor
  private let isStaged: Bool
  /// Whether there is one rank, whose sums are whole when backward has finished them.
  let isAlone: Bool

  /// The parameters, `[total]`.
  package var values: Tensor { buffers.values }
  /// Their gradients, `[total]`; backward adds to them, unless the sums are exact.
  package var gradients: Tensor { buffers.gradients }
  /// The optimiser's first state, `[total]`: an average of gradients.
  package var momentum: Tensor { buffers.states[0] }
  /// Where each parameter is, the last layer first.
  package var places: [FlatBuffers.Place] { buffers.places }
  /// Whether gradients are added as integers.
  package var isExact: Bool { buffers.isExact }

  /// Moves the parameters of a network into one buffer; the layers go on using their tensors.
  ///
  /// - Parameters:
  ///   - network: the student.
  ///   - methods: whose trained tensors follow the network's.
  ///   - optimiser: what will move them.
  ///   - exactSums: whether gradients are added exactly, image by image, where they can be.
  ///   - isAlone: whether there is one rank: its sums are rounded while they are in the cache.
  package convenience init(
    _ network: any Model, _ methods: MethodSuite? = nil,
    for optimiser: any Optimiser = SGD(momentum: 0), exactSums: Bool = false, isAlone: Bool = false
  ) {
    let trained = (methods?.entries ?? []).filter { $0.role == .parameter }
    self.init(
      (network.state.parameters + trained).map { ($0.name, $0.tensor) }, for: optimiser,
      exactSums: exactSums, isAlone: isAlone)
  }

  /// Moves parameters, of which there is at least one, into one buffer, the last first.
  ///
  /// - Parameters:
  ///   - parameters: names and tensors, the first layer first.
  ///   - optimiser: what will move them.
  ///   - staged: whether gradients are copied through host memory; nil: if a device holds them.
  ///   - exactSums: whether gradients of float32 parameters in host memory are added exactly.
  ///   - isAlone: whether there is one rank.
  package init(
    _ parameters: [(name: String, tensor: Tensor)],
    for optimiser: any Optimiser = SGD(momentum: 0), staged: Bool? = nil, exactSums: Bool = false,
    isAlone: Bool = false
  ) {
    self.isAlone = isAlone
    let first = parameters[0].tensor
    let isExact = exactSums && first.type == .float32 && first.device == .cpu
    let buffers = FlatBuffers(parameters, for: optimiser, isExact: isExact)
    self.buffers = buffers
    let total = buffers.values.count
    isStaged = staged ?? (first.device != .cpu)
    hostGradients =
      isExact
      ? Tensor.zeros([total], .int64)
      : isStaged ? Tensor.zeros([total], first.type) : buffers.gradients
    Autograd.withoutHistory {
      for place in buffers.places {
        if isExact {
          _ = GradientSum(place.parameter, units: hostGradients.narrowed(0, place.range))
        } else {
          place.parameter.gradient = buffers.part(buffers.gradients, place)
        }
      }
    }
  }

  /// Brings a gradient that backward has finished where its buffer is read.
  package func handOver(_ place: FlatBuffers.Place) {
    Autograd.withoutHistory {
      if let sum = place.parameter.gradientSum {
        // What operators that do not add to the sum have left.
        if let rest = place.parameter.gradient { sum.add(rest) }
        place.parameter.gradient = nil
        if sum.finish() == 0, isAlone { take(sum, place) }
      }
      guard isStaged, !isExact else { return }
      buffers.part(hostGradients, place).copy(from: buffers.part(gradients, place))
    }
  }

  /// Brings sums that are not exact where the optimiser reads them.
  func bringSums() {
    guard isStaged else { return }
    gradients.copy(from: hostGradients)
  }

  /// The gradients as buffers to reduce, in the order in which backward finishes them.
  ///
  /// In host memory; the buffers live as long as this object.
  package func gradientBuffers() -> [GradientBuffer] {
    let type: MPI.ElementType =
      isExact ? .int64 : hostGradients.type == .float64 ? .float64 : .float32
    let size = hostGradients.type.byteCount
    return places.map { place in
      let start = hostGradients.data + place.range.lowerBound * size
      let bytes = UnsafeMutableRawBufferPointer(start: start, count: place.range.count * size)
      return GradientBuffer(bytes, of: type)
    }
  }
}
