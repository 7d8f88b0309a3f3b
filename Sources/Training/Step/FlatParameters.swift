import DataParallel
import MPI
import Methods
import Networks
import Torch

/// A network's parameters, gradients and momentum in one buffer each.
///
/// They lie in the order in which backward finishes them, the last layer first, so that buckets of
/// gradients are contiguous and the optimiser is one sweep.
public final class FlatParameters: Sendable {
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
  /// Their gradients, `[total]`; backward adds to them. Float64 if the sums are exact.
  package let gradients: Tensor
  /// The optimiser's momentum, `[total]`.
  package let momentum: Tensor
  /// Where each parameter is, the last layer first.
  package let places: [Place]
  /// The gradients as MPI reads them, `[total]`: these, or their copy in host memory.
  private let hostGradients: Tensor
  private let isStaged: Bool
  private let isExact: Bool

  /// Moves the parameters of a network into one buffer; the layers go on using their tensors.
  ///
  /// - Parameters:
  ///   - network: the student.
  ///   - methods: whose trained tensors follow the network's.
  ///   - exactSums: whether gradients are added in float64, image by image, where they can be.
  public convenience init(
    _ network: SegmentationNetwork, _ methods: MethodSuite? = nil, exactSums: Bool = false
  ) {
    let trained = (methods?.entries ?? []).filter { $0.role == .parameter }
    self.init(
      (network.state.parameters + trained).map { ($0.name, $0.tensor) }, exactSums: exactSums)
  }

  /// Moves parameters, of which there is at least one, into one buffer, the last first.
  ///
  /// - Parameters:
  ///   - parameters: names and tensors, the first layer first.
  ///   - staged: whether gradients are copied through host memory; nil: if a device holds them.
  ///   - exactSums: whether gradients of float32 parameters in host memory are added in float64.
  package init(
    _ parameters: [(name: String, tensor: Tensor)], staged: Bool? = nil, exactSums: Bool = false
  ) {
    let first = parameters[0].tensor
    let parameters = parameters.reversed()
    let total = parameters.reduce(0) { $0 + $1.tensor.count }
    let (type, device) = (first.type, first.device)
    values = Tensor.zeros([total], type, device: device)
    isExact = exactSums && type == .float32 && device == .cpu
    gradients = Tensor.zeros([total], isExact ? .float64 : type, device: device)
    momentum = Tensor.zeros([total], type, device: device)
    isStaged = staged ?? (device != .cpu)
    hostGradients = isStaged ? Tensor.zeros([total], gradients.type) : gradients
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
          place.parameter.gradientSums = part(gradients, place)
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
      if isExact, let rest = place.parameter.gradient {
        // What operators that do not add to the sums have left.
        part(gradients, place).add(rest.to(.float64))
        place.parameter.gradient = nil
      }
      guard isStaged else { return }
      part(hostGradients, place).copy(from: part(gradients, place))
    }
  }

  /// Brings the sums over all ranks where the optimiser reads them.
  package func takeSums() {
    guard isStaged else { return }
    gradients.copy(from: hostGradients)
  }

  /// The gradients as buffers to reduce, in the order in which backward finishes them.
  ///
  /// In host memory; the buffers live as long as this object.
  package func gradientBuffers() -> [GradientBuffer] {
    let type: MPI.ElementType = gradients.type == .float64 ? .float64 : .float32
    let size = gradients.type.byteCount
    return places.map { place in
      let start = hostGradients.data + place.range.lowerBound * size
      let bytes = UnsafeMutableRawBufferPointer(start: start, count: place.range.count * size)
      return GradientBuffer(bytes, of: type)
    }
  }
}
