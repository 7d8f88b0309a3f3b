import DataParallel
import MPI
import Methods
import Networks
import Synchronization
import Torch

/// A network's parameters, gradients and momentum in one buffer each.
///
/// They lie in the order in which backward finishes them, the last layer first, so that buckets of
/// gradients are contiguous and the optimiser is one sweep.
///
/// With exact sums, gradients are added image by image as integers (`GradientSum`), which travel between
/// the ranks, and are rounded to float32 once. The finest grid of a parameter follows from the largest
/// value of its momentum, which all ranks and every resumed run hold alike.
package final class FlatParameters: Sendable {
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
  /// Their gradients, `[total]`; backward adds to them, unless the sums are exact.
  package let gradients: Tensor
  /// The optimiser's momentum, `[total]`.
  package let momentum: Tensor
  /// Where each parameter is, the last layer first.
  package let places: [Place]
  /// The gradients as MPI reads them, `[total]`: these, their copy in host memory, or the exact sums'
  /// units.
  private let hostGradients: Tensor
  private let isStaged: Bool
  /// Whether gradients are added as integers.
  package let isExact: Bool
  /// Whether there is one rank, whose sums are whole when backward has finished them.
  let isAlone: Bool
  /// The grid of each place for the next sums, known once the optimiser has moved the momentum.
  let tops = Mutex<[Int]?>(nil)

  /// Moves the parameters of a network into one buffer; the layers go on using their tensors.
  ///
  /// - Parameters:
  ///   - network: the student.
  ///   - methods: whose trained tensors follow the network's.
  ///   - exactSums: whether gradients are added exactly, image by image, where they can be.
  ///   - isAlone: whether there is one rank: its sums are rounded while they are in the cache.
  package convenience init(
    _ network: any Model, _ methods: MethodSuite? = nil, exactSums: Bool = false,
    isAlone: Bool = false
  ) {
    let trained = (methods?.entries ?? []).filter { $0.role == .parameter }
    self.init(
      (network.state.parameters + trained).map { ($0.name, $0.tensor) }, exactSums: exactSums,
      isAlone: isAlone)
  }

  /// Moves parameters, of which there is at least one, into one buffer, the last first.
  ///
  /// - Parameters:
  ///   - parameters: names and tensors, the first layer first.
  ///   - staged: whether gradients are copied through host memory; nil: if a device holds them.
  ///   - exactSums: whether gradients of float32 parameters in host memory are added exactly.
  ///   - isAlone: whether there is one rank.
  package init(
    _ parameters: [(name: String, tensor: Tensor)], staged: Bool? = nil, exactSums: Bool = false,
    isAlone: Bool = false
  ) {
    self.isAlone = isAlone
    let first = parameters[0].tensor
    let parameters = parameters.reversed()
    let total = parameters.reduce(0) { $0 + $1.tensor.count }
    let (type, device) = (first.type, first.device)
    values = Tensor.zeros([total], type, device: device)
    isExact = exactSums && type == .float32 && device == .cpu
    gradients = Tensor.zeros([total], type, device: device)
    momentum = Tensor.zeros([total], type, device: device)
    isStaged = staged ?? (device != .cpu)
    hostGradients =
      isExact
      ? Tensor.zeros([total], .int64) : isStaged ? Tensor.zeros([total], type) : gradients
    var places: [Place] = []
    var start = 0
    for entry in parameters {
      let range = start..<start + entry.tensor.count
      places.append(Place(name: entry.name, parameter: entry.tensor, range: range))
      start = range.upperBound
    }
    self.places = places
    Autograd.withoutHistory {
      for place in places {
        let home = values.narrowed(0, place.range).reshaped(place.parameter.shape)
        home.copy(from: place.parameter)
        place.parameter.move(into: home)
        if isExact {
          _ = GradientSum(place.parameter, units: hostGradients.narrowed(0, place.range))
        } else {
          place.parameter.gradient = part(gradients, place)
        }
      }
    }
  }

  /// A parameter's part of one of the buffers, in the parameter's shape.
  package func part(_ buffer: Tensor, _ place: Place) -> Tensor {
    buffer.narrowed(0, place.range).reshaped(place.parameter.shape)
  }

  /// Brings a gradient that backward has finished where its buffer is read.
  package func handOver(_ place: Place) {
    Autograd.withoutHistory {
      if let sum = place.parameter.gradientSum {
        // What operators that do not add to the sum have left.
        if let rest = place.parameter.gradient { sum.add(rest) }
        place.parameter.gradient = nil
        if sum.finish() == 0, isAlone { take(sum, place) }
      }
      guard isStaged, !isExact else { return }
      part(hostGradients, place).copy(from: part(gradients, place))
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
