import Files
import Torch
import WeightFiles

extension StateDict {
  /// How a file's tensors are matched with the network's.
  package enum Matching: Sendable {
    /// Every tensor of the network and no other. Files without the counters that PyTorch added
    /// later (`num_batches_tracked`) fit too.
    case whole
    /// An ImageNet backbone: names without the network's prefix; other tensors (`fc.*`) are left.
    case backbone
  }

  /// Overwrites the tensors with a file's, converted to the network's type.
  ///
  /// Nothing is written unless all of them fit and hold numbers that a network can compute with. A
  /// prefix that all names of the file share, as `module.`, is left out where it must be.
  ///
  /// - Parameters:
  ///   - archive: the file's content.
  ///   - path: the file, for messages.
  ///   - matching: how names are matched.
  ///   - network: what the weights are for, for messages.
  ///   - valueAdvice: what to do about numbers that are not sound, for the message.
  /// - Returns: what was chosen or left out, a line each, for a person.
  /// - Throws: `WeightMismatch` that says which tensors do not fit; `FileError` that names a number that
  ///   is not finite, or a negative variance.
  @discardableResult
  package func load(
    _ archive: TensorArchive, from path: String, matching: Matching = .whole, network: String,
    valueAdvice: String? = nil
  ) throws -> [String] {
    let archive = fitted(archive, from: path, matching: matching)
    var (missing, others): ([(name: String, shape: [Int])], [String]) = ([], [])
    var pairs: [(StoredTensor, Tensor)] = []
    for entry in entries {
      guard let name = Self.name(entry.name, matching) else { continue }
      guard let stored = archive[name] else {
        if !name.hasSuffix("num_batches_tracked") { missing.append((name, entry.tensor.shape)) }
        continue
      }
      if stored.shape == entry.tensor.shape, stored.elementType.torch != nil {
        pairs.append((stored, entry.tensor))
      } else {
        others.append(
          "\(name) \(stored.elementType.rawValue) \(stored.shape) instead of \(entry.tensor.shape)")
      }
    }
    let known = Set(entries.compactMap { Self.name($0.name, matching) })
    let left = archive.tensors.filter { !known.contains($0.name) }
    guard missing.isEmpty, others.isEmpty, matching == .backbone || left.isEmpty else {
      throw WeightMismatch(
        path: path, network: network, others: others, missing: missing, left: left,
        of: archive.tensors, isWhole: matching == .whole)
    }
    for (stored, tensor) in pairs {
      try stored.requireSound(
        in: path, as: tensor.type, advice: valueAdvice ?? StoredTensor.valueAdvice)
    }
    Autograd.withoutHistory {
      for (stored, tensor) in pairs { tensor.copy(from: Tensor(stored)) }
    }
    return archive.notes
  }

  /// A file's tensors under the names that this network's have, where they only lack that: without the
  /// prefix that all of them share, and without counters that tools leave beside weights.
  package func fitted(
    _ archive: TensorArchive, from path: String, matching: Matching = .whole
  ) -> TensorArchive {
    let names = Set(entries.compactMap { Self.name($0.name, matching) })
    var (tensors, notes) = (archive.tensors, archive.notes)
    // Graphs have no counts of batches, which PyTorch keeps beside statistics.
    let countsBatches = names.contains { $0.hasSuffix(StoredTensor.batchCount) }
    tensors.removeAll {
      ($0.isCounter || $0.isBatchCount && !countsBatches) && !names.contains($0.name)
    }
    if tensors.count < archive.tensors.count {
      let count = archive.tensors.count - tensors.count
      notes.append("\(oneLine(path)): \(count) counters beside the weights are left out")
    }
    var prefix = ""
    var rest = tensors.map { Substring($0.name) }
    // No tool nests names deeper.
    while prefix.utf8.count < 256, !rest.contains(where: { names.contains(String($0)) }),
      let end = rest.first?.firstIndex(of: ".").flatMap({ rest[0][...$0] }),
      rest.allSatisfy({ $0.hasPrefix(end) && $0.count > end.count })
    {
      prefix += end
      rest = rest.map { $0.dropFirst(end.count) }
    }
    if !prefix.isEmpty, rest.contains(where: { names.contains(String($0)) }) {
      tensors = zip(tensors, rest).map { $0.renamed(String($1)) }
      notes.append("\(oneLine(path)): names are read without \(quoted(prefix)), which all have")
    } else if tensors.count == archive.tensors.count {
      return archive
    }
    return TensorArchive(tensors: tensors, metadata: archive.metadata, notes: notes)
  }

  /// The name of a tensor in a file; nil if the file need not have it.
  private static func name(_ name: String, _ matching: Matching) -> String? {
    switch matching {
    case .whole: return name
    case .backbone:
      return NetworkTable.backbonePrefixes.first(where: name.hasPrefix).map {
        String(name.dropFirst($0.count))
      }
    }
  }

  /// Copies of the tensors under their names, in order; floating-point ones as float32 unless the
  /// network's are float64.
  package func stored(prefix: String = "") -> [StoredTensor] {
    entries.map { StoredTensor(name: prefix + $0.name, $0.tensor) }
  }
}

extension StoredTensor {
  fileprivate static let batchCount = "num_batches_tracked"

  /// Whether it counts the batches that a BatchNorm layer has seen.
  fileprivate var isBatchCount: Bool { elementCount == 1 && name.hasSuffix(Self.batchCount) }

  /// Whether it counts something: multiply-adds and parameters of a module, as thop does, or averaged
  /// updates, as `torch.optim.swa_utils` does.
  fileprivate var isCounter: Bool {
    let last = name.split(separator: ".").last
    return elementCount == 1 && ["total_ops", "total_params", "n_averaged"].contains(last)
  }

  /// A copy of a tensor, row-major.
  package init(name: String, _ tensor: Tensor) {
    let dense = Autograd.withoutHistory { tensor.detached.to(device: .cpu).contiguous() }
    let bytes = UnsafeRawBufferPointer(
      start: dense.data, count: dense.count * dense.type.byteCount)
    let region = withExtendedLifetime(dense) { ByteRegion(copying: bytes) }
    self.init(
      name: name, elementType: dense.type.stored, shape: dense.shape, bytes: region)
  }
}

extension Tensor {
  /// A copy of a file's tensor in host memory. Its type must be one of `ElementType.torch`.
  package convenience init(_ stored: StoredTensor) {
    guard let type = stored.elementType.torch else {
      preconditionFailure("Tensor: \(stored.name) is \(stored.elementType); expected a known type")
    }
    self.init(bytes: stored.bytes, stored.shape, type)
  }

  private convenience init(bytes: ByteRegion, _ shape: [Int], _ type: Torch.ElementType) {
    self.init(copyOf: shape, type) { target in
      bytes.withUnsafeBytes { target.copyMemory(from: $0) }
    }
  }
}

extension WeightFiles.ElementType {
  /// LibTorch's type of the same elements; nil for those that weights do not use.
  package var torch: Torch.ElementType? {
    switch self {
    case .f64: .float64
    case .f32: .float32
    case .f16: .float16
    case .bf16: .bfloat16
    case .i64: .int64
    case .i32: .int32
    case .i8: .int8
    case .u8: .uint8
    case .bool: .bool
    case .i16, .u32, .u64: nil
    }
  }
}

extension Torch.ElementType {
  /// The same type as safetensors names it.
  package var stored: WeightFiles.ElementType {
    switch self {
    case .float32: .f32
    case .bfloat16: .bf16
    case .float64: .f64
    case .int64: .i64
    case .uint8: .u8
    case .bool: .bool
    case .int32: .i32
    case .float16: .f16
    case .int8: .i8
    }
  }
}
