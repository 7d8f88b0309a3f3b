import Files
import Foundation
import TestSupport
import Testing
import WeightFiles

extension CommandTests {
  /// Weights as other programs save them, through the commands that read them.
  @Suite struct ForeignWeightsTests {
    /// A run's weights in a file of their own, with names changed.
    private func saved(
      _ data: TinyData, as file: String, _ name: (String) -> String
    ) throws -> String {
      let path = data.path(file)
      let tensors = try WeightFile.read(ShortRun.shared.get().weights).tensors
        .map { $0.renamed(name($0.name)) }
      try AtomicFile().writeTorch(TensorArchive(tensors: tensors), to: path)
      return path
    }

    @Test(arguments: [nil, 2])
    func aPrefixIsSaidOnce(ranks: Int?) throws {
      try withTinyData { data in
        let path = try saved(data, as: "ddp.pth") { "module." + $0 }
        let result = try Command.run(
          ["eval", data.recipe, "--weights", path, "--json"], ranks: ranks)
        result.expectSuccess()
        let lines = result.standardError.split(separator: "\n").filter {
          $0.contains("ddp.pth: names are read without 'module.'")
        }
        #expect(lines.count == 1, "\(result)")
      }
    }

    @Test func aPartOfAFileIsChosen() throws {
      try withTinyData { data in
        let path = try saved(data, as: "pair.pth") { "student." + $0 }
        for command in ["eval", "train"] {
          let weights = "\(path)#student"
          let arguments =
            command == "eval"
            ? ["--weights", weights]
            : ["--set", "student.weights=\(weights)", "--out", data.path("run")]
          try Command.run([command, data.recipe] + arguments).expectSuccess()
        }
        try Command.run(["eval", data.recipe, "--weights", "\(path)#pupil"])
          .expectFailure(65, ["found nothing under 'pupil'; expected one of 'student'"])
      }
    }

    @Test func namesAreRewritten() throws {
      try withTinyData { data in
        let path = try saved(data, as: "other.pth") {
          $0.hasPrefix("pretrained.net.")
            ? "encoder." + $0.dropFirst("pretrained.net.".count) : $0
        }
        let out = data.path("renamed.safetensors")
        let convert = ["convert", path, "--out", out, "--network", "deeplab_mobile"]
        let result = try Command.run(convert)
        result.expectFailure(65, ["--rename encoder.=pretrained.net. --out NEW"])
        try Command.run(convert + ["--rename", "encoder.=pretrained.net."]).expectSuccess()
        let names = try WeightFile.read(out).tensors.map(\.name)
        #expect(try names == WeightFile.read(ShortRun.shared.get().weights).tensors.map(\.name))
        try Command.run(convert + ["--rename", "x.=y."])
          .expectFailure(65, ["found no name that begins with 'x.'"])
        try Command.run(convert + ["--rename", "encoder.features.0.0.=encoder.features.0.1."])
          .expectFailure(65, ["found two tensors that become 'encoder.features.0.1.weight'"])
        #expect(try Command.run(convert + ["--rename", "encoder"]).exitCode == 64)
      }
    }
  }
}
