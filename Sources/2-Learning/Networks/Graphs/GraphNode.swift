import ONNX
import Torch

/// Why an operation of a plan cannot be run.
struct KernelFault: Error {
  let found: String
  let expected: String
}

/// An operation of a plan while it is prepared: the types of what it reads and gives, for one image.
struct GraphNode {
  let operation: Plan.Operation
  let inputs: [ValueType]
  let outputs: [ValueType]
  /// The operands that are the same for all images: parameters, buffers and constants; nil for others.
  let shared: [Tensor?]
  /// The number of dropout operations before it.
  let dropoutIndex: Int

  /// The shape of the first operand.
  var operand: [Int] { inputs[0].shape }
  /// The shape of the first result.
  var result: [Int] { outputs[0].shape }

  /// Refuses more places than a list of them may have: a file's word alone makes no list long.
  func requireFew(_ places: [Int]) throws(KernelFault) {
    guard let many = places.first(where: { $0 > Self.placeLimit }) else { return }
    throw KernelFault(found: "\(many) places", expected: "at most \(Self.placeLimit)")
  }

  private static let placeLimit = 1 << 22

  /// Refuses operands that are no floats.
  func requireFloats() throws(KernelFault) {
    guard let other = inputs.first(where: { !$0.elementType.isFloat }) else { return }
    throw KernelFault(found: "\(other) that only the images decide", expected: "floats")
  }
}

/// How an operation is computed: what it reads to what it gives.
typealias GraphKernel = (Operands) -> [Tensor]

/// What an operation reads, for all images of a pass.
///
/// A value is a tensor `[N] + S` of N images, where S is its shape in the plan of one image. No kernel may
/// let one image's elements change another one's bits, in the gradient neither: that is why sums have a
/// fixed order, and why each image has its own copy of parameters.
struct Operands {
  /// A value: of each image, or the same one for all.
  enum Value {
    case images(Tensor)
    case shared(Tensor)
  }

  let values: [Value]
  let pass: Pass
  /// The number of images, which may be 0.
  let count: Int
  /// The type of floats.
  let type: Torch.ElementType

  /// An operand, `[N] + S`.
  subscript(_ index: Int) -> Tensor {
    switch values[index] {
    case .images(let tensor): tensor
    case .shared(let tensor): tensor.forEachImage(count)
    }
  }

  /// All operands, `[N] + S` each.
  var all: [Tensor] { values.indices.map { self[$0] } }
}

extension Tensor {
  /// `[N] + S` in another shape for each image.
  func shaped(_ shape: [Int]) -> Tensor {
    let wanted = [size(0)] + shape
    return wanted == self.shape ? self : reshaped(wanted)
  }

  /// `[N] + S` with the first axis of S joined to the images.
  func withImagesJoined() -> Tensor {
    let shape = shape
    return reshaped([shape[0] * shape[1]] + shape[2...])
  }

  /// `[N] + [k, C, ...]` as maps `[N * k, C, H, W]` in one memory order, which operators might follow in
  /// the order of their sums: without W it is 1 wide, and axes beyond two are joined.
  func maps() -> Tensor {
    let shape = shape
    let size = shape.count == 5 ? Array(shape[3...]) : [shape[3...].reduce(1, *), 1]
    return reshaped([shape[0] * shape[1], shape[2]] + size).contiguous(.channelsLast)
  }

  /// Maps `[N * k, C, H, W]` as `[N] + shape`; the gradient comes back in one memory order too.
  func fromMaps(_ count: Int, _ shape: [Int]) -> Tensor {
    Autograd.custom(detached, of: self) { $0.contiguous(.channelsLast) }
      .reshaped([count] + shape)
  }

  /// `[N] + S` with axes of size 1 before S, so that S has `rank` axes.
  func aligned(_ rank: Int) -> Tensor {
    let shape = shape
    let missing = rank - (shape.count - 1)
    return missing > 0 ? shaped([Int](repeating: 1, count: missing) + shape[1...]) : self
  }

  /// `[N] + S`, to be combined with values of `[N] + shape`: repeated where a gradient comes back, whose
  /// sums must have a fixed order; otherwise LibTorch repeats it.
  func broadcast(to shape: [Int]) -> Tensor {
    let x = aligned(shape.count)
    return requiresGradient ? x.spread(to: [x.size(0)] + shape) : x
  }
}
