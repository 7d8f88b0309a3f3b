import Files
import ONNX
import TestSupport
import Testing

/// A file that must be refused, and what the message must say after the path.
struct BadModel: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let bytes: [UInt8]
  let message: String

  init(_ description: String, _ bytes: [UInt8], _ message: String) {
    testDescription = description
    self.bytes = bytes
    self.message = message
  }

  init(_ description: String, _ model: Proto, _ message: String) {
    self.init(description, model.bytes, message)
  }
}

private typealias P = Proto

// How messages end.
private let copy = "; use another copy of the file"
private let types =
  "one of 1 (F32) 2 (U8) 3 (I8) 6 (I32) 7 (I64) 9 (BOOL) 10 (F16) 11 (F64) 16 (BF16); "
  + "export the network in float32"

/// A graph of one Relu with these initialisers.
private func storing(_ tensor: Proto) -> Proto {
  .model(.graph([.node("Relu", ["x"], ["y"])], [tensor]))
}

private let wire: [BadModel] = [
  BadModel(
    "nothing", [],
    "found no graph; expected an ONNX model of versions 3 to 13; export the network to ONNX again"),
  BadModel(
    "text", Array("no model at all".utf8),
    "model byte 0: found wire type 6; expected 0, 1, 2 or 5\(copy)"),
  BadModel(
    "truncated varint", [0x08, 0x80, 0x80],
    "model byte 1: found the end of the model; expected a number of at most 64 bits\(copy)"),
  BadModel(
    "long varint", [0x08] + [UInt8](repeating: 0xFF, count: 10) + [1],
    "model byte 1: found more bits; expected a number of at most 64 bits\(copy)"),
  BadModel(
    "varint of 65 bits", [0x08] + [UInt8](repeating: 0xFF, count: 9) + [2],
    "model byte 1: found more bits; expected a number of at most 64 bits\(copy)"),
  BadModel(
    "length beyond the end", [0x3A, 0x05, 0x0A],
    "model byte 2: found 1 bytes left; expected 5\(copy)"),
  BadModel(
    "length of 2^63", [0x3A] + P.varint(-1),
    "model byte 11: found 0 bytes left; expected 18446744073709551615\(copy)"),
  BadModel("field 0", [0x00, 0x00], "model byte 0: found field 0; expected 1 to 2^29 - 1\(copy)"),
  BadModel("group", [0x3B, 0x3C], "model byte 0: found wire type 3; expected 0, 1, 2 or 5\(copy)"),
  BadModel("wire type 6", [0x3E], "model byte 0: found wire type 6; expected 0, 1, 2 or 5\(copy)"),
  BadModel(
    "graph as a number", [0x38, 0x01],
    "model byte 0: found field 7 of wire type 0; expected wire type 2\(copy)"),
  BadModel(
    "truncated float", [0x0D, 0x01], "model byte 1: found 1 bytes left; expected 4\(copy)"),
  BadModel(
    "two graphs", P().adding(1, 8).adding(7, P()).adding(7, P()),
    "model byte 4: found field 7 again; expected it once\(copy)"),
  BadModel(
    "no graph", P().adding(1, 8).adding(8, P().adding(2, 17)),
    "found no graph; expected an ONNX model of versions 3 to 13; export the network to ONNX again"),
  BadModel(
    "format 2", P().adding(1, 2).adding(7, P()),
    """
    found version 2 of the format; expected an ONNX model of versions 3 to 13; \
    export the network to ONNX again
    """
  ),
  BadModel(
    "no operator set", P().adding(1, 8).adding(7, P()),
    """
    found no version of ONNX's operators; expected an opset_import; \
    export the network to ONNX again
    """
  ),
  BadModel(
    "operator set 10", .model(.graph([]), opset: 10),
    """
    opset_import: found ONNX's operator set 10; expected 11 to 23; \
    export the network with opset_version=18
    """
  ),
  BadModel(
    "operator set 24", .model(.graph([]), opset: 24),
    """
    opset_import: found ONNX's operator set 24; expected 11 to 23; \
    export the network with opset_version=18
    """
  ),
  BadModel(
    "two operator sets", P.model(.graph([])).adding(8, P().adding(1, "ai.onnx").adding(2, 17)),
    "opset_import: found the operator set '' again; expected it once\(copy)"),
  BadModel(
    "name not UTF-8", .model(.graph([P().adding(4, [UInt8]([0xFF, 0xFE]))])),
    "node byte 6: found a text that is not UTF-8; expected UTF-8\(copy)"),
  BadModel(
    "long name", .model(.graph([.node("Relu", ["x"], [String(repeating: "n", count: 5000)])])),
    "node byte 11: found a text of 5000 bytes; expected at most 4096\(copy)"),
]

private let tensors: [BadModel] = [
  BadModel(
    "short data", storing(.floats("w", [2, 2], [1, 2, 3])),
    "tensor 'w' at byte 27: found 12 bytes of data; expected 16 for F32 [2, 2]\(copy)"),
  BadModel(
    "long data", storing(.floats("w", [2], [1, 2, 3])),
    "tensor 'w' at byte 27: found 12 bytes of data; expected 8 for F32 [2]\(copy)"),
  BadModel(
    "no data", storing(P().adding(1, [2]).adding(2, 1).adding(8, "w")),
    "tensor 'w' at byte 27: found 0 bytes of data; expected 8 for F32 [2]\(copy)"),
  BadModel(
    "dims of 2^40", storing(.floats("w", [1 << 40, 1 << 40], [])),
    """
    tensor 'w' at byte 27: found the shape [1099511627776, 1099511627776], negative or too \
    large; expected less than 2^63 bytes\(copy)
    """
  ),
  BadModel(
    "dims of 2^40 that fit", storing(.floats("w", [1 << 40], [])),
    """
    tensor 'w' at byte 27: found 0 bytes of data; \
    expected 4398046511104 for F32 [1099511627776]\(copy)
    """
  ),
  BadModel(
    "negative dims", storing(.floats("w", [-2, -2], [1, 2, 3, 4])),
    """
    tensor 'w' at byte 27: found the shape [-2, -2], negative or too large; \
    expected less than 2^63 bytes\(copy)
    """
  ),
  BadModel(
    "overflow behind 0", storing(.floats("w", [0, 1 << 40, 1 << 40], [])),
    """
    tensor 'w' at byte 27: found the shape [0, 1099511627776, 1099511627776], negative or too \
    large; expected less than 2^63 bytes\(copy)
    """
  ),
  BadModel(
    "17 axes", storing(.floats("w", [Int](repeating: 1, count: 17), [1])),
    "tensor '' at byte 27: found more axes; expected at most 16\(copy)"),
  BadModel(
    "tensor of texts", storing(.tensor("w", type: 8, [1], raw: [1])),
    "tensor 'w' at byte 27: found data_type 8; expected \(types)"),
  BadModel(
    "complex", storing(.tensor("w", type: 14, [1], raw: [])),
    "tensor 'w' at byte 27: found data_type 14; expected \(types)"),
  BadModel(
    "truth value 2", storing(.tensor("w", type: 9, [1], raw: [2])),
    "tensor 'w' at byte 27: found the truth value 2; expected 0 or 1\(copy)"),
  BadModel(
    "10^9 packed numbers",
    storing(
      P().adding(1, [1_000_000_000]).adding(2, 7).adding(8, "w").adding(
        7, [UInt8](repeating: 0, count: 8))),
    """
    tensor 'w' at byte 27: found 64 bytes of data; \
    expected 8000000000 for I64 [1000000000]\(copy)
    """
  ),
  BadModel(
    "10^9 packed numbers promised",
    storing(
      P(
        P().adding(1, [1_000_000_000]).adding(2, 7).bytes + [0x3A] + P.varint(1_000_000_000) + [
          0, 0,
        ])), "initializer byte 41: found 2 bytes left; expected 1000000000\(copy)"),
  BadModel(
    "more packed numbers",
    storing(P().adding(1, [2]).adding(2, 7).adding(8, "w").adding(7, [UInt8]([1, 2, 3]))),
    "tensor 'w' at byte 27: found more numbers; expected 2 for I64 [2]\(copy)"),
  BadModel(
    "number that does not fit",
    storing(P().adding(1, [2]).adding(2, 2).adding(8, "w").adding(5, [1, 256])),
    "tensor 'w' at byte 27: found the number 256; expected one of U8\(copy)"),
  BadModel(
    "numbers in another field",
    storing(P().adding(1, [2]).adding(2, 1).adding(8, "w").adding(5, [1, 2])),
    "tensor 'w' at byte 27: found data in field 5; expected field 4 for F32\(copy)"),
  BadModel(
    "two forms",
    storing(P.floats("w", [1], [1]).adding(4, [UInt8](repeating: 0, count: 4))),
    "tensor 'w' at byte 27: found data in two forms; expected one\(copy)"),
  BadModel(
    "segment", storing(P.floats("w", [1], [1]).adding(3, P())),
    "tensor 'w' at byte 27: found a segment of a tensor; expected all of it\(copy)"),
  BadModel(
    "no name", storing(.floats("", [1], [1])),
    "graph: found an initialiser without a name; expected a name\(copy)"),
  BadModel(
    "tensor twice",
    .model(
      .graph([.node("Relu", ["x"], ["y"])], [.floats("w", [1], [1]), .floats("w", [1], [1])])),
    "graph: found 'w' as an initialiser and as an initialiser; expected it once\(copy)"),
  BadModel(
    "sparse", .model(P.graph([.node("Relu", ["x"], ["y"])]).adding(15, P())),
    "graph byte 62: found a sparse tensor; expected a dense one\(copy)"),
]

/// Bytes that are no protobuf, and tensors that are none, each with the whole line that refuses it.
@Suite struct HostileFileTests {
  @Test(arguments: wire + tensors)
  func refused(_ model: BadModel) throws {
    let found = try P(model.bytes).refusal()
    #expect(found == model.message, "\(found ?? "nothing")")
  }
}
