import DataParallel
import MPI
import Networks
import Torch

/// A network's parameters, gradients and momentum in one buffer each.
///
/// They lie in the order in which backward finishes them, the last layer first, so that buckets of
/// gradients are contiguous and the optimiser is one sweep.
public final class FlatParameters {
  /// One parameter's place.
  package struct Place {
    /// The parameter's `state_dict` name.
    package let name: String
    /// The tensor that the layers use.
    package let parameter: Tensor
    /// Its elements in the buffers.
    package let range: Range<Int>
  }

  /// The parameters, `[total]`.
  package let values: Tensor
  /// Their gradients, `[total]`; backward adds to them.
  package let gradients: Tensor
  /// The optimiser's momentum, `[total]`.
  package let momentum: Tensor
  /// Where each parameter is, the last layer first.
  package let places: [Place]

  /// Moves the parameters of a network into one buffer; the layers go on using their tensors.
  public convenience init(_ network: SegmentationNetwork) {
    self.init(network.state.parameters.map { ($0.name, $0.tensor) })
  }

  /// Moves parameters, of which there is at least one, into one buffer, the last first.
  package init(_ parameters: [(name: String, tensor: Tensor)]) {
    let first = parameters[0].tensor
    let parameters = parameters.reversed()
    let total = parameters.reduce(0) { $0 + $1.tensor.count }
    let (type, device) = (first.type, first.device)
    values = Tensor.zeros([total], type, device: device)
    gradients = Tensor.zeros([total], type, device: device)
    momentum = Tensor.zeros([total], type, device: device)
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
        place.parameter.gradient =
          gradients.narrowed(0, place.range).reshaped(place.parameter.shape)
      }
    }
  }

  /// A parameter's part of one of the buffers, in the parameter's shape.
  package func part(_ buffer: Tensor, _ place: Place) -> Tensor {
    buffer.narrowed(0, place.range).reshaped(place.parameter.shape)
  }

  /// The gradients as buffers to reduce, in the order in which backward finishes them.
  ///
  /// In host memory only; the buffers live as long as this object.
  func gradientBuffers() -> [GradientBuffer] {
    let type: MPI.ElementType = gradients.type == .float64 ? .float64 : .float32
    let size = gradients.type.byteCount
    return places.map { place in
      let start = gradients.data + place.range.lowerBound * size
      let bytes = UnsafeMutableRawBufferPointer(start: start, count: place.range.count * size)
      return GradientBuffer(bytes, of: type)
    }
  }
}
