import Files
import ONNX
import TestSupport
import Testing
import WeightFiles

extension Proto {
  /// The graph of a model in a file of its own.
  func graph(limits: Limits = Limits()) throws -> Graph {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    return try ONNXFile.read(try folder.write(bytes, as: "net.onnx"), limits: limits)
  }

  /// The plan for images.
  func plan(
    _ shape: [Int] = [1, 4, 6, 8], outputs: [String]? = nil, limits: Limits = Limits()
  ) throws -> Plan {
    try graph(limits: limits).plan(for: shape, outputs: outputs, limits: limits)
  }

  /// What the error says after the path; nil if the model can be planned.
  func refusal(_ shape: [Int] = [1, 4, 6, 8], limits: Limits = Limits()) throws -> String? {
    do {
      _ = try plan(shape, limits: limits)
      return nil
    } catch let error as FileError {
      #expect(!error.description.contains("\n"))
      return error.kind == .refused ? error.detail : error.description
    }
  }
}

extension Plan {
  /// Type and shape of an output.
  func type(_ output: String = "y") -> ValueType? {
    outputs.first { $0.name == output }.flatMap { values[$0.value] }
  }

  /// The whole numbers of an output that is known beforehand.
  func integers(_ output: String = "y") -> [Int]? {
    constant(output)?.bytes.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: 8).map {
        Int(bytes.loadUnaligned(fromByteOffset: $0, as: Int64.self))
      }
    }
  }

  /// The floats of an output that is known beforehand.
  func floats(_ output: String = "y") -> [Float]? {
    constant(output)?.bytes.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: 4).map {
        bytes.loadUnaligned(fromByteOffset: $0, as: Float.self)
      }
    }
  }

  private func constant(_ output: String) -> StoredTensor? {
    outputs.first { $0.name == output }.flatMap { output in
      constants.first { $0.name == output.value }
    }
  }
}
