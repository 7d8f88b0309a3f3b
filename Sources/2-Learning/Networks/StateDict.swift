import Torch

/// A network's named tensors, in the order of PyTorch's `state_dict`.
package final class StateDict: @unchecked Sendable {
  /// What an entry is for.
  package enum Role: Sendable {
    /// Trained: has a gradient.
    case parameter
    /// Kept beside the parameters: running statistics and counters.
    case buffer
  }

  /// One named tensor.
  package struct Entry: Sendable {
    /// PyTorch's key, as `head.aspp.b0.0.weight`.
    package let name: String
    /// The tensor that the layers use; write into it, do not replace it.
    package let tensor: Tensor
    /// Whether it is trained.
    package let role: Role

    /// A tensor under a name.
    package init(name: String, tensor: Tensor, role: Role) {
      self.name = name
      self.tensor = tensor
      self.role = role
    }
  }

  /// The entries in PyTorch's order.
  package private(set) var entries: [Entry] = []
  /// The number of dropout layers so far; each has an index of its own.
  var dropoutCount = 0

  /// No entries yet.
  package init() {}

  /// The entries that are trained, in order.
  package var parameters: [Entry] { entries.filter { $0.role == .parameter } }

  /// The number of trained values.
  package var parameterCount: Int { parameters.reduce(0) { $0 + $1.tensor.count } }

  /// The tensor of a name.
  package subscript(name: String) -> Tensor? { entries.first { $0.name == name }?.tensor }

  func add(_ name: String, _ tensor: Tensor, _ role: Role) {
    entries.append(Entry(name: name, tensor: tensor, role: role))
  }
}

/// Where a layer's tensors go and how they start: a prefix of names, passed to initialisers.
package struct Scope {
  /// Where the tensors go.
  package let state: StateDict
  let prefix: String
  /// How they start.
  package let start: Initialisation

  /// Names that begin with `prefix`, in a state dict.
  package init(state: StateDict, prefix: String, start: Initialisation) {
    self.state = state
    self.prefix = prefix
    self.start = start
  }

  /// The scope of a child module.
  package func callAsFunction(_ name: String) -> Scope {
    Scope(state: state, prefix: prefix + name + ".", start: start)
  }

  /// Adds a trained tensor. Its first values depend on the seed and on how many entries there are
  /// before it.
  package func parameter(
    _ name: String, _ shape: [Int], _ distribution: Distribution
  ) -> Tensor {
    let tensor = start.tensor(shape, distribution, index: state.entries.count)
    tensor.requiresGradient = true
    state.add(prefix + name, tensor, .parameter)
    return tensor
  }

  /// Adds a tensor that is saved and not trained, filled with `value`.
  package func buffer(
    _ name: String, _ shape: [Int], _ value: Double, _ type: ElementType? = nil
  ) -> Tensor {
    let tensor = Tensor.full(shape, value, type ?? start.type, device: start.device)
    state.add(prefix + name, tensor, .buffer)
    return tensor
  }

  /// Adds another state dict's tensors as buffers: kept with these, but not trained with them.
  package func keep(_ other: StateDict) {
    for entry in other.entries { state.add(prefix + entry.name, entry.tensor, .buffer) }
  }

  /// The next dropout layer's index.
  func nextDropout() -> Int {
    state.dropoutCount += 1
    return state.dropoutCount - 1
  }
}
