import Foundation
import ImageIO
import TestSupport
import Testing
import WeightFiles

extension CommandTests {
  /// A run's folder in the place of a recipe, and recipes whose teacher nobody needs.
  @Suite struct RunAsRecipeTests {
    private let run: ShortRun
    private var folder: String { run.data.path("run") }
    init() throws { run = try ShortRun.shared.get() }

    @Test(arguments: [nil, 2])
    func aRunIsMeasuredByItsFolder(ranks: Int?) throws {
      let named = try Command.run([
        "eval", run.data.recipe, "--weights", folder + "/best.safetensors", "--json",
      ])
      let result = try Command.run(["eval", folder, "--json"], ranks: ranks)
      result.expectSuccess()
      func score(_ result: ProcessResult) throws -> Double? {
        let object = try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8))
        return (object as? [String: Any])?["mean_iou"] as? Double
      }
      #expect(try score(result) != nil)
      #expect(try score(result) == score(named))
    }

    /// Variables that would change the numbers, or write between them.
    @Test func librariesDoAsTheyAreTold() throws {
      let eval = ["eval", folder, "--json"]
      let plain = try Command.run(eval)
      let result = try Command.run(
        eval,
        environment: [
          "ATEN_CPU_CAPABILITY": "default", "ONEDNN_VERBOSE": "1", "DNNL_VERBOSE": "1",
        ])
      result.expectSuccess()
      func object(_ result: ProcessResult) throws -> NSMutableDictionary? {
        let object = try JSONSerialization.jsonObject(
          with: Data(result.standardOutput.utf8), options: .mutableContainers)
        let values = object as? NSMutableDictionary
        values?["seconds"] = nil
        return values
      }
      #expect(try object(result) != nil && object(result) == object(plain), "\(result)")
      #expect(result.standardError.contains("ATEN_CPU_CAPABILITY: left out: "), "\(result)")
    }

    /// Options that name a file to write, and by a slip one of the run.
    @Test func filesOfARunAreNoOutputs() throws {
      try withTemporaryFolder { out in
        let metrics = folder + "/metrics.jsonl"
        let before = try Data(contentsOf: URL(filePath: metrics))
        let best = folder + "/best.safetensors"
        try Command.run(["report", folder, "--out", metrics])
          .expectFailure(64, ["--out: \(metrics): found a file of the run"])
        try Command.run(["convert", best, "--out", folder + "/student.safetensors"])
          .expectFailure(64, ["found a file of the run"])
        let (new, log) = (out.path + "/new", out.path + "/new/log.txt")
        try Command.run(["train", run.data.recipe, "--out", new, "--trace", log])
          .expectFailure(64, ["--trace: \(log): found a file of the run"])
        #expect(try Data(contentsOf: URL(filePath: metrics)) == before)
      }
    }

    @Test func aRunDrawsByItsFolder() throws {
      try withTemporaryFolder { out in
        try Command.run(["predict", folder, run.data.path("0.png"), "--out", out.path])
          .expectSuccess()
        #expect(try ImageFile.header(out.path + "/0_mask.png").width == TinyData.width)
      }
    }

    @Test func aRunGoesOnByItsFolder() throws {
      try withTinyData { data in
        try data.trainHalf()
        let result = try Command.run(["train", data.path("run")])
        result.expectSuccess()
        #expect(result.standardError.contains("going on from"), "\(result)")
        #expect(FileManager.default.fileExists(atPath: data.path("run/student.safetensors")))
        try Command.run(["check", data.path("run")]).expectSuccess()
      }
    }

    @Test func aFolderThatIsNoRunIsNamed() throws {
      try withTinyData { data in
        try FileManager.default.createDirectory(
          atPath: data.path("empty"), withIntermediateDirectories: false)
        let file = data.path("empty/recipe.yaml")
        let predict = ["predict", data.path("0.png"), "--out", data.path("out")]
        for command in [["eval"], ["train"], predict] {
          try Command.run([command[0], data.path("empty")] + command.dropFirst())
            .expectFailure(66, ["cannot read the recipe: \(file): found no file"])
        }
        try data.trainHalf()
        try FileManager.default.removeItem(atPath: data.path("run/best.safetensors"))
        try Command.run(["eval", data.path("run")])
          .expectFailure(66, ["weights missing: \(data.path("run"))/best.safetensors"])
      }
    }

    @Test func withoutARunWeightsAreNeeded() throws {
      let result = try Command.run(["eval", run.data.recipe])
      #expect(result.exitCode == 64 && result.errorLines.count == 1, "\(result)")
      #expect(result.standardError.contains("--weights: found none"), "\(result)")
    }

    /// The teacher of a recipe is neither asked for nor read.
    @Test(arguments: ["teacher.weights=none", "teacher.weights=/nowhere/teacher.pth"])
    func nobodyAsksForTheTeacher(setting: String) throws {
      let settings = ["--set", "distill=rdd", "--set", setting]
      let recipe = run.data.recipe
      try Command.run(["eval", recipe, "--weights", run.weights] + settings).expectSuccess()
      try withTemporaryFolder { out in
        let predict = ["predict", recipe, run.data.path("0.png"), "--weights", run.weights]
        try Command.run(predict + ["--out", out.path] + settings).expectSuccess()
        let train = try Command.run(["train", recipe, "--out", out.path + "/run"] + settings)
        #expect([65, 66].contains(train.exitCode) && train.errorLines.count == 1, "\(train)")
      }
    }
  }
}
