import Foundation
import TestSupport
import Testing

extension CommandTests {
  /// What is wrong with a recipe ends every rank with one line that says what to do.
  @Suite struct BadRecipeTests {
    struct Mistake: Sendable, CustomTestStringConvertible {
      let setting: String
      let texts: [String]
      var testDescription: String { setting }
    }

    static let mistakes = [
      Mistake(
        setting: "train.iteration=3", texts: ["unknown key", "did you mean train.iterations?"]),
      Mistake(
        setting: "train.iterations=many", texts: ["wrong type", "many", "expected an integer"]),
      Mistake(setting: "train.batch_size=0", texts: ["value out of range", "from 1 to 4096"]),
      Mistake(setting: "train.precision=float31", texts: ["did you mean float32?"]),
      Mistake(setting: "data.crop_width=16", texts: ["value out of range", "data.crop_width: 16"]),
      Mistake(setting: "distill=rdd", texts: ["key missing", "teacher.weights"]),
    ]

    @Test(arguments: mistakes, [nil, 2])
    func mistake(_ mistake: Mistake, ranks: Int?) throws {
      try withTinyData { data in
        try Command.run(["train", data.recipe, "--set", mistake.setting], ranks: ranks)
          .expectFailure(65, mistake.texts)
      }
    }

    @Test(arguments: ["train", "eval", "predict", "maps", "check"])
    func noRecipe(command: String) throws {
      let more =
        switch command {
        case "eval": ["--weights", "w"]
        case "predict": ["--weights", "w", "a.png", "--out", "o"]
        case "maps": ["0", "--out", "o"]
        default: [String]()
        }
      try Command.run([command, "/nowhere/a.yaml"] + more)
        .expectFailure(66, ["cannot read the recipe: /nowhere/a.yaml: found no file"])
    }

    @Test("A pipe in place of a recipe ends the job at once", arguments: [nil, 2])
    func pipe(ranks: Int?) throws {
      try withTinyData { data in
        let pipe = data.path("pipe.yaml")
        #expect(mkfifo(pipe, 0o600) == 0)
        try Command.run(["train", pipe], ranks: ranks)
          .expectFailure(66, ["cannot read the recipe: \(pipe): found a folder, device or pipe"])
      }
    }

    @Test("What a recipe says never reaches the terminal as a command")
    func commandsOfATerminal() throws {
      try withTinyData { data in
        for (setting, text) in [
          ("data.root=/no\u{1B}[2J", "data.root: /no\\u{1b}[2J: found no folder"),
          ("data.kind=\u{202E}tsil", "data.kind: '\\u{202e}tsil'"),
        ] {
          let result = try Command.run(["train", data.recipe, "--set", setting])
          result.expectFailure(setting.hasPrefix("data.root") ? 66 : 65, [text])
          #expect(
            !result.standardError.unicodeScalars.contains { ["\u{1B}", "\u{202E}"].contains($0) })
        }
      }
    }

    @Test("Nor do the names of files, wherever a table goes", arguments: [false, true])
    func namesInTables(onTerminal: Bool) throws {
      let written = "d\\u{1b}[2J\\u{202e}x/"
      try withTemporaryFolder { place in
        let folder = place.appendingPathComponent("d\u{1B}[2J\u{202E}x")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        let data = try TinyData(folder)
        let (run, pictures) = (data.path("run"), data.path("pictures"))
        for words in [
          ["check", data.recipe], ["train", data.recipe, "--out", run], ["watch", run, "--once"],
          ["predict", run, data.path("0.png"), "--out", pictures],
        ] {
          var shown = ""
          let result: ProcessResult
          if onTerminal {
            let terminal = try TestTerminal()
            defer { terminal.close() }
            result = try Command.run(words, output: .path(terminal.path)) { _ in
              shown = terminal.text()
            }
          } else {
            result = try Command.run(words)
            shown = result.standardOutput
          }
          result.expectSuccess()
          #expect(shown.contains(written), "\(words[0]): \(shown)")
          for text in [shown, result.standardError] {
            #expect(
              !text.unicodeScalars.contains { ["\u{1B}", "\u{202E}"].contains($0) }, "\(words[0])")
          }
        }
        // What programs read is as it is.
        let json = try Command.run(
          ["predict", run, data.path("0.png"), "--out", pictures, "--json"])
        let seen = try JSONSerialization.jsonObject(with: Data(json.standardOutput.utf8))
        #expect((seen as? [String: Any])?["image"] as? String == data.path("0.png"), "\(json)")
      }
    }

    @Test func moreRanksThanImages() throws {
      try withTinyData { data in
        try Command.run(["train", data.recipe, "--out", data.path("run")], ranks: 3)
          .expectFailure(69, ["found 3 ranks for 2 images", "start at most 2 ranks"])
        #expect(!FileManager.default.fileExists(atPath: data.path("run")))
      }
    }

    @Test func anotherRecipeOnARank() throws {
      try withTinyData { data in
        // Words that are the same on all ranks, and mean another folder on one.
        let result = try MPIRun.run(
          ranks: 2, program: "rdd",
          arguments: ["train", data.recipe, "--set", "data.root=~/.", "--out", data.path("run")],
          onlyRank: [1: ["HOME": data.folder.path]])
        result.expectFailure(69, ["recipe: ranks 1: found another recipe than rank 0's"])
        #expect(!FileManager.default.fileExists(atPath: data.path("run")))
      }
    }
  }
}
