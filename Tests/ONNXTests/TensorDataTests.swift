import Files
import Foundation
import ONNX
import TestSupport
import Testing
import WeightFiles

private typealias P = Proto

/// The forms in which a file holds the elements of a tensor.
@Suite struct TensorDataTests {
  private func stored(_ tensor: Proto) throws -> StoredTensor? {
    try P.model(.graph([.node("Relu", ["x"], ["y"])], [tensor])).graph().initialisers.first
  }

  private func bytes(_ type: Int, _ field: Int, _ numbers: [Int]) throws -> [UInt8]? {
    let fields = P().adding(1, [numbers.count]).adding(2, type).adding(8, "w")
    let packed = try stored(fields.adding(field, numbers.flatMap(P.varint)))
    let single = try stored(fields.adding(field, numbers))
    #expect(
      packed?.bytes.withUnsafeBytes { Array($0) } == single?.bytes.withUnsafeBytes { Array($0) })
    return packed?.bytes.withUnsafeBytes { Array($0) }
  }

  @Test func numbersOfTypedFields() throws {
    #expect(try bytes(2, 5, [0, 255]) == [0, 255])
    #expect(try bytes(3, 5, [-1, 127]) == [255, 127])
    #expect(try bytes(9, 5, [0, 1]) == [0, 1])
    #expect(try bytes(6, 5, [-2, 300]) == littleEndian(Int32(-2)) + littleEndian(Int32(300)))
    #expect(try bytes(10, 5, [0x3C00]) == [0, 0x3C])
    #expect(try bytes(16, 5, [0x3F80]) == [0x80, 0x3F])
    #expect(
      try bytes(7, 7, [-2, 1 << 40]) == littleEndian(Int64(-2)) + littleEndian(Int64(1 << 40)))
    let float = try stored(
      P().adding(1, [1]).adding(2, 1).adding(8, "w").adding(4, Float(1.5)))
    #expect(float?.bytes.withUnsafeBytes { Array($0) } == littleEndian(Float(1.5).bitPattern))
    let double = try stored(
      P().adding(1, [1]).adding(2, 11).adding(8, "w").adding(10, littleEndian(1.5.bitPattern)))
    #expect(double?.elementType == .f64 && double?.shape == [1])
  }

  /// Raw data is the file's own bytes, wherever they begin.
  @Test func rawData() throws {
    let tensor = try stored(.floats("w", [2, 1], [1, 2]))
    #expect(tensor?.name == "w" && tensor?.shape == [2, 1] && tensor?.elementType == .f32)
    #expect(try stored(.floats("w", [0, 3], []))?.bytes.count == 0)
  }
}

/// Data in files beside the model.
@Suite struct ExternalDataTests {
  private func model(_ entries: [(String, String)]) -> Proto {
    let pairs = entries.map { P().adding(1, $0.0).adding(2, $0.1) }
    let tensor = P().adding(1, [2]).adding(2, 1).adding(8, "w").adding(13, pairs).adding(14, 1)
    return .model(.graph([.node("Add", ["x", "w"], ["y"])], [tensor]))
  }

  /// What the error says after the path; nil if it was read.
  private func refusal(
    _ folder: TemporaryFolder, _ entries: (String, String)..., limits: Limits = Limits()
  ) throws -> String? {
    let path = try folder.write(model(entries).bytes, as: "net.onnx")
    do throws(FileError) {
      let graph = try ONNXFile.read(path, limits: limits)
      #expect(graph.initialisers[0].bytes.withUnsafeBytes { Array($0) } == Array(8..<16))
      return nil
    } catch {
      return error.kind == .refused ? error.detail : "\(error)"
    }
  }

  @Test func filesBesideTheModel() throws {
    let folder = try TemporaryFolder()
    try folder.folder("data")
    _ = try folder.write(Array(0..<32), as: "net.data")
    _ = try folder.write(Array(8..<16), as: "data/w")
    #expect(try refusal(folder, ("location", "net.data"), ("offset", "8"), ("length", "8")) == nil)
    #expect(try refusal(folder, ("location", "net.data"), ("offset", "8")) == nil)
    #expect(try refusal(folder, ("location", "data/w")) == nil)
  }

  @Test func placesThatDoNotFit() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(Array(0..<32), as: "net.data")
    let place = "tensor 'w' at byte 29: "
    let copy = "; use another copy of the file"
    #expect(
      try refusal(folder, ("offset", "8"))
        == place + "found external data without location; expected a file" + copy)
    #expect(
      try refusal(folder, ("location", "net.data"), ("offset", "28"))
        == place + "found bytes 28 to 28 + 8 of 'net.data'; expected bytes of its 32" + copy)
    #expect(
      try refusal(folder, ("location", "net.data"), ("offset", "\(Int.max)"))
        == place + "found bytes 9223372036854775807 to 9223372036854775807 + 8 of 'net.data'; "
        + "expected bytes of its 32" + copy)
    #expect(
      try refusal(folder, ("location", "net.data"), ("offset", "-8"))
        == place + "found the offset or length '-8'; expected 0 to 2^63 - 1" + copy)
    #expect(
      try refusal(folder, ("location", "net.data"), ("length", "12"))
        == place + "found 12 bytes of external data; expected 8" + copy)
    #expect(
      try refusal(folder, ("location", "net.data"), ("location", "net.data"))
        == place + "found the key 'location' again or more keys; expected each once" + copy)
    var limits = Limits()
    limits.externalBytes = 31
    #expect(
      try refusal(folder, ("location", "net.data"), limits: limits)
        == place + "found more external data; expected at most 31 bytes; give a smaller network")
  }

  @Test(arguments: ["/etc/passwd", "../w", "data/../../w", "", ".", "./w", "data//w", "w\0"])
  func pathsThatLeadElsewhere(_ location: String) throws {
    let found = try refusal(try TemporaryFolder(), ("location", location))
    let name = location == "w\0" ? "w\\u{0}" : location
    #expect(
      found
        == "tensor 'w' at byte 29: found external data in '\(name)'; expected a file beside the "
        + "model; move it there and save the model again")
  }

  @Test func linksAndFolders() throws {
    let folder = try TemporaryFolder()
    let manager = FileManager.default
    try folder.folder("data")
    try manager.createSymbolicLink(
      atPath: folder.path + "/link", withDestinationPath: "/etc/passwd")
    try manager.createSymbolicLink(atPath: folder.path + "/etc", withDestinationPath: "/etc")
    for location in ["link", "etc/passwd", "data"] {
      #expect(
        try refusal(folder, ("location", location))
          == "tensor 'w' at byte 29: found external data in '\(location)', no plain file; "
          + "expected a file beside the model, without links; copy it there")
    }
    #expect(
      try refusal(folder, ("location", "net.data"))
        == "tensor 'w' at byte 29: found no file 'net.data' beside the model; expected the data of "
        + "its tensors; copy it there")
  }
}
