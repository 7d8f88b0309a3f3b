/// A message in protobuf's wire format, made by hand; nothing about it is checked.
public struct Proto: Sendable {
  /// What has been written so far.
  public private(set) var bytes: [UInt8] = []

  /// A message without fields.
  public init() {}

  /// A message of raw bytes.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// A number in groups of seven bits.
  public static func varint(_ value: Int) -> [UInt8] {
    var (rest, bytes) = (UInt64(bitPattern: Int64(value)), [UInt8]())
    while rest > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  /// A field of a whole number.
  public func adding(_ field: Int, _ value: Int) -> Proto {
    Proto(bytes + Self.varint(field << 3) + Self.varint(value))
  }

  /// A field of a float.
  public func adding(_ field: Int, _ value: Float) -> Proto {
    let bits = withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    return Proto(bytes + Self.varint(field << 3 | 5) + bits)
  }

  /// A field of bytes.
  public func adding(_ field: Int, _ value: [UInt8]) -> Proto {
    Proto(bytes + Self.varint(field << 3 | 2) + Self.varint(value.count) + value)
  }

  /// A field of text.
  public func adding(_ field: Int, _ text: String) -> Proto { adding(field, Array(text.utf8)) }

  /// A field that is a message.
  public func adding(_ field: Int, _ message: Proto) -> Proto { adding(field, message.bytes) }

  /// A field that is repeated.
  public func adding(_ field: Int, _ texts: [String]) -> Proto {
    texts.reduce(self) { $0.adding(field, $1) }
  }

  /// A field that is repeated.
  public func adding(_ field: Int, _ messages: [Proto]) -> Proto {
    messages.reduce(self) { $0.adding(field, $1) }
  }

  /// A field that is repeated.
  public func adding(_ field: Int, _ values: [Int]) -> Proto {
    values.reduce(self) { $0.adding(field, $1) }
  }
}

// MARK: - Messages of ONNX

extension Proto {
  /// A tensor of raw bytes.
  public static func tensor(_ name: String = "", type: Int, _ dims: [Int], raw: [UInt8]) -> Proto {
    Proto().adding(1, dims).adding(2, type).adding(8, name).adding(9, raw)
  }

  /// A tensor of floats.
  public static func floats(_ name: String = "", _ dims: [Int], _ values: [Float]) -> Proto {
    tensor(name, type: 1, dims, raw: values.flatMap { littleEndian($0.bitPattern) })
  }

  /// A tensor of whole numbers.
  public static func integers(_ name: String = "", _ dims: [Int], _ values: [Int]) -> Proto {
    tensor(name, type: 7, dims, raw: values.flatMap { littleEndian(Int64($0)) })
  }

  /// Whole numbers along one axis.
  public static func axis(_ name: String, _ values: [Int]) -> Proto {
    integers(name, [values.count], values)
  }

  /// An attribute of a node: a whole number.
  public static func attribute(_ name: String, _ value: Int) -> Proto {
    Proto().adding(1, name).adding(3, value).adding(20, 2)
  }

  /// An attribute of a node: a float.
  public static func attribute(_ name: String, _ value: Float) -> Proto {
    Proto().adding(1, name).adding(2, value).adding(20, 1)
  }

  /// An attribute of a node: a text.
  public static func attribute(_ name: String, _ value: String) -> Proto {
    Proto().adding(1, name).adding(4, value).adding(20, 3)
  }

  /// An attribute of a node: whole numbers.
  public static func attribute(_ name: String, _ values: [Int]) -> Proto {
    Proto().adding(1, name).adding(8, values).adding(20, 7)
  }

  /// An attribute of a node: a tensor.
  public static func attribute(_ name: String, tensor: Proto) -> Proto {
    Proto().adding(1, name).adding(5, tensor).adding(20, 4)
  }

  /// An attribute whose value is that of the function around it.
  public static func reference(_ name: String, to other: String, type: Int) -> Proto {
    Proto().adding(1, name).adding(20, type).adding(21, other)
  }

  /// A node of ONNX's own operators, or of another domain's.
  public static func node(
    _ operatorName: String, _ inputs: [String], _ outputs: [String], _ attributes: [Proto] = [],
    domain: String = "", name: String = ""
  ) -> Proto {
    Proto().adding(1, inputs).adding(2, outputs).adding(3, name).adding(4, operatorName)
      .adding(5, attributes).adding(7, domain)
  }

  /// An input or output with sizes of its axes, or names for them.
  public static func value(_ name: String, _ shape: [Any], type: Int = 1) -> Proto {
    let axes = shape.map { size in
      (size as? Int).map { Proto().adding(1, $0) } ?? Proto().adding(2, size as? String ?? "")
    }
    return Proto().adding(1, name).adding(
      2, Proto().adding(1, Proto().adding(1, type).adding(2, Proto().adding(1, axes))))
  }

  /// What PyTorch's exporter says of a stored tensor.
  public static func kind(_ name: String, _ kind: String) -> Proto {
    Proto().adding(1, name).adding(
      4,
      Proto().adding(1, "pkg.torch.export.graph_signature.InputSpec.kind").adding(2, kind))
  }

  /// A function of the domain `own`.
  public static func function(
    _ name: String, _ inputs: [String], _ outputs: [String], _ nodes: [Proto],
    attributes: [String] = [], defaults: [Proto] = [], opset: Int = 17
  ) -> Proto {
    Proto().adding(1, name).adding(4, inputs).adding(5, outputs).adding(6, attributes)
      .adding(7, nodes).adding(9, Proto().adding(1, "").adding(2, opset)).adding(10, "own")
      .adding(11, defaults)
  }

  /// A graph, by default of images x `[n, 4, h, w]`, that gives y.
  public static func graph(
    _ nodes: [Proto], _ initialisers: [Proto] = [],
    inputs: [Proto] = [value("x", ["n", 4, "h", "w"])], outputs: [String] = ["y"]
  ) -> Proto {
    Proto().adding(1, nodes).adding(2, "g").adding(5, initialisers).adding(11, inputs)
      .adding(12, outputs.map { Proto().adding(1, $0) })
  }

  /// A model of format 8.
  public static func model(_ graph: Proto, functions: [Proto] = [], opset: Int = 17) -> Proto {
    Proto().adding(1, 8).adding(7, graph).adding(8, Proto().adding(1, "").adding(2, opset))
      .adding(8, Proto().adding(1, "own").adding(2, 1)).adding(25, functions)
  }
}

/// `value` in little endian bytes.
public func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
