import Files
import WeightFiles

/// A `ValueInfoProto`: name 1, type 2, which holds the tensor_type 1 of elem_type 1 and shape 2, which
/// holds dims 1 of dim_value 1 or dim_param 2.
enum ValueMessage {
  static func read(
    _ message: WireReader, _ reading: ModelReading
  ) throws(FileError) -> GraphInput {
    var reader = message
    var name = ""
    var type: (elementType: ElementType?, shape: [Dimension]?) = (nil, nil)
    while let field = try reader.next() {
      switch field.number {
      case 1: name = try reader.onlyText(field, limit: reading.limits.nameBytes)
      case 2:
        var types = try reader.onlyMessage(field, "type")
        while let field = try types.next() {
          guard field.number == 1 else { continue }
          type = try tensorType(try types.onlyMessage(field, "tensor type"), reading)
        }
      default: break
      }
    }
    return GraphInput(name: name, elementType: type.elementType, shape: type.shape)
  }

  /// The name of a value, and what PyTorch's exporter says in metadata_props 4 that it was: a parameter, a
  /// buffer; nil if it says nothing.
  static func kind(
    _ message: WireReader, _ reading: ModelReading
  ) throws(FileError) -> (name: String, kind: String?) {
    var reader = message
    var (name, kind) = ("", String?.none)
    while let field = try reader.next() {
      switch field.number {
      case 1: name = try reader.onlyText(field, limit: reading.limits.nameBytes)
      case 4:
        let pair = try TextPair.read(try reader.message(field, "metadata"), reading)
        if pair.key == "pkg.torch.export.graph_signature.InputSpec.kind" { kind = pair.value }
      default: break
      }
    }
    return (name, kind)
  }

  private static func tensorType(
    _ message: WireReader, _ reading: ModelReading
  ) throws(FileError) -> (ElementType?, [Dimension]?) {
    var reader = message
    var elementType: ElementType?
    var shape: [Dimension]?
    while let field = try reader.next() {
      switch field.number {
      case 1: elementType = ElementType(onnx: try reader.integer(field))
      case 2: shape = try dimensions(try reader.onlyMessage(field, "shape"), reading)
      default: break
      }
    }
    return (elementType, shape)
  }

  private static func dimensions(
    _ message: WireReader, _ reading: ModelReading
  ) throws(FileError) -> [Dimension] {
    var reader = message
    var shape: [Dimension] = []
    while let field = try reader.next() {
      guard field.number == 1 else { continue }
      guard shape.count < reading.limits.axes else {
        throw reader.refused(
          at: field.start, found: "more axes", expected: "at most \(reading.limits.axes)")
      }
      var dimension = Dimension.unknown
      var axis = try reader.message(field, "axis")
      while let field = try axis.next() {
        switch field.number {
        case 1: dimension = .fixed(try axis.integer(field))
        case 2:
          let name = try axis.onlyText(field, limit: reading.limits.nameBytes)
          if !name.isEmpty { dimension = .symbol(name) }
        default: break
        }
      }
      shape.append(dimension)
    }
    return shape
  }
}
