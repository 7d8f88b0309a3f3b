import Files

/// A named tensor as it lies in a weight file: row-major, dense, little endian.
package struct StoredTensor: Sendable {
  /// The name, for weights a `state_dict` key.
  package let name: String
  /// The type of the elements.
  package let elementType: ElementType
  /// The size of each axis; empty for a scalar.
  package let shape: [Int]
  /// The elements.
  package let bytes: ByteRegion

  /// A tensor over `bytes`, whose count must be what type and shape say.
  package init(name: String, elementType: ElementType, shape: [Int], bytes: ByteRegion) {
    let expected = StoredTensor.byteCount(elementType, shape)
    precondition(
      expected == bytes.count,
      "tensor \(name): \(bytes.count) bytes for \(elementType.rawValue) \(shape)")
    self.name = name
    self.elementType = elementType
    self.shape = shape
    self.bytes = bytes
  }

  /// Number of elements: the product of the shape.
  package var elementCount: Int { bytes.count / elementType.byteCount }

  /// Bytes of a dense tensor; nil if a size is negative or the sizes other than 0 overflow.
  ///
  /// Zeros do not hide an overflow: strides of such a shape would overflow later.
  package static func byteCount(_ elementType: ElementType, _ shape: [Int]) -> Int? {
    var product = elementType.byteCount
    for size in shape {
      guard size >= 0 else { return nil }
      let (value, overflow) = product.multipliedReportingOverflow(by: max(size, 1))
      guard !overflow else { return nil }
      product = value
    }
    return shape.contains(0) ? 0 : product
  }
}

/// The tensors of one weight file in order, with the file's metadata.
package struct TensorArchive: Sendable {
  /// The tensors; their names differ.
  package let tensors: [StoredTensor]
  /// What the file says about itself.
  package var metadata: [String: String]
  /// What was chosen or left out when it was read, a line each, for a person.
  package var notes: [String]
  private let indexOfName: [String: Int]

  /// An archive of tensors with different names.
  package init(
    tensors: [StoredTensor], metadata: [String: String] = [:], notes: [String] = []
  ) {
    self.tensors = tensors
    self.metadata = metadata
    self.notes = notes
    indexOfName = Dictionary(
      tensors.enumerated().map { ($1.name, $0) },
      uniquingKeysWith: { first, second in
        preconditionFailure("tensors \(first) and \(second) have the same name")
      })
  }

  /// The tensor called `name`.
  package subscript(name: String) -> StoredTensor? {
    indexOfName[name].map { tensors[$0] }
  }
}
