import Files
import Foundation
import TestSupport
import Testing
import WeightFiles

extension CommandTests {
  /// What `rdd convert` refuses, and what it tells of a file.
  @Suite struct ConvertTests {
    /// A file with the tensors of a run, of which those before the head have names of no network.
    private func foreign(_ data: TinyData) throws -> String {
      let path = data.path("foreign.pth")
      let tensors = try WeightFile.read(ShortRun.shared.get().weights).tensors.enumerated()
        .map { $1.name.hasPrefix("head.") ? $1 : $1.renamed("layer.\($0)") }
      try AtomicFile().writeTorch(TensorArchive(tensors: tensors), to: path)
      return path
    }

    @Test(arguments: [
      ("student.onnx", "the ending .onnx"), ("student", "no ending"),
      ("student.safetensors.bin", "the ending .bin"),
    ])
    func anEndingThatIsNotWrittenIsRefused(name: String, found: String) throws {
      try withTinyData { data in
        // Before anything is read: the file is not there.
        let result = try Command.run(
          ["convert", data.path("none.pth"), "--out", data.path(name)])
        #expect(result.exitCode == 64 && result.errorLines.count == 1, "\(result)")
        #expect(
          result.errorLines.first?.contains("found \(found); expected .safetensors, .pth or .pt")
            ?? false, "\(result)")
        #expect(!FileManager.default.fileExists(atPath: data.path(name)))
      }
    }

    @Test(arguments: ["a.PTH", "a.pt", "a.safetensors"])
    func endingsThatAreWritten(name: String) throws {
      try withTinyData { data in
        let out = data.path(name)
        let weights = try ShortRun.shared.get().weights
        try Command.run(["convert", weights, "--out", out]).expectSuccess()
        let isTorch = name != "a.safetensors"
        let start = try Data(contentsOf: URL(filePath: out)).prefix(2)
        #expect((start == Data("PK".utf8)) == isTorch)
        #expect(
          try WeightFile.read(out).tensors.map(\.contentHash)
            == WeightFile.read(weights).tensors.map(\.contentHash))
      }
    }

    @Test func whatDoesNotFitIsCountedByKind() throws {
      try withTinyData { data in
        let convert = [
          "convert", try foreign(data), "--out", data.path("a.pth"), "--network", "deeplab_mobile",
        ]
        let result = try Command.run(convert)
        result.expectFailure(65, ["foreign.pth: found "])
        #expect(result.standardOutput.isEmpty, "\(result)")
        let lines = result.standardError.split(separator: "\n").map(String.init)
        #expect(lines.count < 8, "\(result)")
        let missing = lines.first { $0.contains(" tensors missing: ") } ?? ""
        #expect(missing.hasSuffix(" ... (--verbose tells all)"), "\(result)")
        #expect(missing.components(separatedBy: "; ").count == 3, "\(result)")
        #expect(lines.contains { $0.contains(" tensors left over: ") }, "\(result)")

        let all = try Command.run(convert + ["--verbose"])
        let count = missing.split(separator: " ").lazy.compactMap { Int($0) }.first
        let names = all.standardError.split(separator: "\n").filter { $0.hasPrefix("  ") }
        #expect(names.count >= count ?? .max, "\(all)")
      }
    }

    @Test func whatIsLeftOutIsCounted() throws {
      try withTinyData { data in
        let result = try Command.run([
          "convert", try ShortRun.shared.get().weights, "--part", "backbone", "--out",
          data.path("backbone.pth"),
        ])
        result.expectSuccess()
        #expect(result.standardOutput.split(separator: "\n").count == 1, "\(result)")
        #expect(result.standardError.contains(" tensors left out: "), "\(result)")
      }
    }

    /// The file of a run says which network it is of.
    @Test func aFileThatNamesItsNetworkIsBelieved() throws {
      let run = try ShortRun.shared.get()
      try withTinyData { data in
        let weights = run.weights
        let found = "found those of deeplab_mobile, as the file says; expected those of "
        try Command.run([
          "convert", weights, "--out", data.path("a.pth"), "--network", "psp_mobile",
        ]).expectFailure(65, [found + "psp_mobile (--network); set it to deeplab_mobile"])
        try Command.run([
          "eval", data.recipe, "--weights", weights, "--set", "student.network=psp_mobile",
        ]).expectFailure(65, [found + "psp_mobile (student.network); set it to deeplab_mobile"])
        // The number of classes is another matter.
        try Command.run([
          "eval", data.recipe, "--weights", weights, "--set", "data.num_classes=4",
        ]).expectFailure(65, ["expected the tensors of deeplab_mobile with 4 classes"])
      }
    }

    @Test func aFileThatNamesAnotherNetworkIsContradicted() throws {
      try withTinyData { data in
        var archive = try WeightFile.read(ShortRun.shared.get().weights)
        archive.metadata["network"] = "psp_resnet18"
        let path = data.path("named.safetensors")
        try AtomicFile().writeAtomically(archive, to: path)
        let result = try Command.run(["eval", data.recipe, "--weights", path, "--json"])
        result.expectSuccess()
        #expect(
          result.standardError.contains(
            "named.safetensors: says that it is of psp_resnet18, but holds the tensors of "
              + "deeplab_mobile"), "\(result)")
      }
    }
  }
}
