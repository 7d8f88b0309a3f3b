import Foundation
import TestSupport
import Testing

/// `rdd parity` of networks of ONNX files beside PyTorch's numbers.
@Suite(.serialized) struct GraphParityTests {
  private let folder = Repository.fixture("onnx")

  private func run(_ files: [String], ranks: Int? = nil) throws -> ProcessResult {
    try MPIRun.run(ranks: ranks, program: "rdd", arguments: ["parity"] + files, timeout: 600)
  }

  /// Outputs in evaluation and training, gradients and statistics; with three ranks one image each.
  @Test(arguments: [nil, 2, 3] as [Int?])
  func numbersArePyTorchs(_ ranks: Int?) throws {
    let names = ["plain", "plain_export", "vit", "vit_export"]
    let result = try run(names.map { "\(folder)/\($0).safetensors" }, ranks: ranks)
    #expect(result.exitCode == 0, "\(result)")
    #expect(result.standardOutput.contains("120 of 120 lines ok"), "\(result)")
    #expect(!result.standardOutput.contains("unnamed"))
  }

  @Test func numbersAreONNXRuntimes() throws {
    let names = ["operators", "operators_11"]
    let result = try run(names.map { "\(folder)/\($0).safetensors" })
    #expect(result.exitCode == 0, "\(result)")
    #expect(result.standardOutput.contains("179 of 179 lines ok"), "\(result)")
  }

  /// All files of a folder that is not part of the repository.
  @Test(
    .enabled(if: ProcessInfo.processInfo.environment["RDD_ONNX_FOLDER"] != nil),
    arguments: [nil, 2, 3] as [Int?])
  func allFilesOfAFolder(_ ranks: Int?) throws {
    let folder = try #require(ProcessInfo.processInfo.environment["RDD_ONNX_FOLDER"])
    let result = try run([folder], ranks: ranks)
    #expect(result.exitCode == 0, "\(result)")
  }

  /// A copy of vit with another header or other bytes, beside its network.
  private func changed(_ change: (inout Golden) -> Void) throws -> ProcessResult {
    try withTemporaryFolder { temporary in
      var file = try Golden("\(folder)/vit.safetensors")
      change(&file)
      let path = temporary.appendingPathComponent("vit.safetensors").path
      try file.write(path)
      try FileManager.default.copyItem(
        atPath: "\(folder)/vit.onnx",
        toPath: temporary.appendingPathComponent("vit.onnx").path)
      return try run([path])
    }
  }

  @Test func wrongNumbersAreFound() throws {
    for name in ["out.eval.logits", "out.train.logits", "out.grad.head.bias"] {
      let result = try changed { $0.change(name, byte: 3) { $0 ^ 0x80 } }
      let bad = result.standardOutput.split(separator: "\n").filter { $0.hasSuffix("NOT ok") }
      #expect(result.exitCode == 1 && bad.count == 1 && bad[0].hasPrefix("vit \(name) "))
    }
  }

  /// A lost name is found by shape and values; where they are not there either, it is told.
  @Test func lostNames() throws {
    func lose(_ file: inout Golden) {
      file.header = file.header.replacingOccurrences(
        of: "\"out.grad.qkv.weight\"", with: "\"out.grad.lost.weight\"")
    }
    let found = try changed { lose(&$0) }
    #expect(found.exitCode == 0 && found.standardOutput.contains("20 of 20 lines ok"))
    #expect(!found.standardOutput.contains("unnamed"))
    let lost = try changed {
      lose(&$0)
      $0.change("out.grad.lost.weight", byte: 3) { $0 ^ 0x80 }
    }
    #expect(lost.exitCode == 0, "\(lost)")
    let line = lost.standardOutput.split(separator: "\n").first {
      $0.contains("out.grad.lost.weight")
    }
    #expect(line?.hasSuffix(", unnamed  ok") == true, "\(lost)")
  }

  @Test func filesWithoutTheirNetworkAreRefused() throws {
    try withTemporaryFolder { temporary in
      let path = temporary.appendingPathComponent("vit.safetensors").path
      try FileManager.default.copyItem(atPath: "\(folder)/vit.safetensors", toPath: path)
      let absent = try run([path])
      #expect(absent.exitCode == 65 && absent.standardError.contains("vit.onnx"), "\(absent)")
      try Data("no network".utf8).write(to: temporary.appendingPathComponent("vit.onnx"))
      #expect(try run([path]).exitCode == 65)
    }
  }
}
