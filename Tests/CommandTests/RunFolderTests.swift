import Files
import Foundation
import TestSupport
import Testing
import WeightFiles

extension CommandTests {
  /// What others do to a run's folder, before a start and under a run.
  @Suite struct RunFolderTests {
    /// Weights that somebody has downloaded into the folder are not written over.
    @Test func weightsOfNoRunAreNotWrittenOver() throws {
      try withTinyData { data in
        try Command.run(["train", data.recipe, "--out", data.path("other")]).expectSuccess()
        var archive = try WeightFile.read(data.path("other/student.safetensors"))
        archive.metadata = [:]
        let folder = data.path("run")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let weights = folder + "/student.safetensors"
        try AtomicFile().writeAtomically(archive, to: weights)
        let before = try Data(contentsOf: URL(filePath: weights))
        let train = ["train", data.recipe, "--out", folder]
        try Command.run(train).expectFailure(
          65, ["student.safetensors and no checkpoint", "--fresh"])
        #expect(try Data(contentsOf: URL(filePath: weights)) == before)
        try Command.run(train + ["--fresh"]).expectSuccess()
        #expect(
          try Data(contentsOf: URL(filePath: folder + ".earlier-1/student.safetensors")) == before)
      }
    }

    /// The folder above a run's, and the root: what is there is nobody's to move.
    @Test func freshTakesARunsFolderAlone() throws {
      try withTinyData { data in
        let runs = data.path("runs")
        try FileStore().makeFolder(runs + "/a/checkpoints")
        let train = ["train", data.recipe, "--fresh", "--out"]
        try Command.run(train + [runs])
          .expectFailure(65, ["--fresh: \(runs): found 'a' and no run"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: runs) == ["a"])
        #expect(!FileManager.default.fileExists(atPath: runs + ".earlier-1"))
        symlink("/", data.path("root"))
        for root in ["/", "/usr/..", data.path("root")] {
          try Command.run(train + [root]).expectFailure(64, ["--out: \(root): found the root"])
        }
      }
    }

    /// A start after a crash is the same job's, whatever the clock says.
    @Test func aJobThatIsStartedAgainGoesOn() throws {
      try withTinyData { data in
        let folder = data.path("run")
        try FileStore().makeFolder(folder)
        try AtomicFile().write("", to: folder + "/history.jsonl")
        let train = ["train", data.recipe, "--fresh", "--job", "a.1", "--out", folder]
        for _ in 0..<2 { try Command.run(train).expectSuccess() }
        let log = try String(contentsOf: URL(filePath: folder + "/log.txt"), encoding: .utf8)
        #expect(log.components(separatedBy: "run.earlier-1 now").count == 2, "\(log)")
        #expect(!FileManager.default.fileExists(atPath: folder + ".earlier-2"), "\(log)")
        for name in ["", "a b", String(repeating: "a", count: 201)] {
          try Command.run(train + ["--job", name]).expectFailure(64, ["--job: found '"])
        }
      }
    }

    /// What a run begins with would be put aside before it is read.
    @Test(arguments: [
      "student.weights=RUN/best.safetensors",
      "teacher.weights=RUN/checkpoints/iteration_0000002.safetensors",
      "distill.methods=[{name: hkd, aux: RUN/student.safetensors, aux_network: psp_mobile}]",
    ])
    func freshKeepsWhatItReads(setting: String) throws {
      try withTinyData { data in
        let folder = data.path("run")
        try FileStore().makeFolder(folder + "/checkpoints")
        let given = setting.replacing("RUN", with: folder)
        try Command.run(
          ["train", data.recipe, "--fresh", "--out", folder, "--set", given]
        ).expectFailure(65, ["--fresh: ", "\(folder)/", "would be put aside before it is read"])
        #expect(!FileManager.default.fileExists(atPath: folder + ".earlier-1"))
      }
    }

    /// Else nobody could use the folder, nor remove Open MPI's.
    @Test func aUmaskLeavesTheOwnersRights() throws {
      try withTinyData { data in
        let folder = data.path("run")
        let result = try Command.bash(
          #"umask 0777; exec "$0" "$@""#, ["train", data.recipe, "--out", folder])
        result.expectSuccess()
        #expect(result.standardError.hasPrefix("rdd: warning: umask: found 0777, "), "\(result)")
        let attributes = try FileManager.default.attributesOfItem(atPath: folder)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o700)
      }
    }

    /// Some ranks would read the folder's recipe together, and the others not.
    @Test(arguments: [
      "--fresh", "--job a", "--accept recipe", "--out elsewhere", "--trace trace.json",
    ])
    func ranksWithOtherWordsAreFound(words: String) throws {
      try withTinyData { data in
        let result = try Command.run(
          ["train", data.recipe, "--set", "train.batch_size=2"], ranks: 2,
          onlyRank: [1: ["RDD_TEST_WORDS": words]])
        let option = String(words.prefix { $0 != " " })
        result.expectFailure(69, ["\(option): ranks 1: found another \(option) than rank 0's"])
      }
    }

    /// Another run may stand under the same name by then: nothing is written there.
    @Test(arguments: ["removed", "replaced"])
    func aRunWhoseFolderGoesWritesNothingMore(how: String) throws {
      try withTinyData { data in
        let folder = data.path("run")
        let settings = ["train.iterations=2000", "train.validate_every=1", "evaluation.pictures=1"]
        let result = try Command.run(
          ["train", data.recipe, "--out", folder, "--set", "train.checkpoint_every=1000"]
            + settings.flatMap { ["--set", $0] }
        ) { running in
          guard running.waitForLog("validation at 2:") else { return }
          try FileManager.default.moveItem(atPath: folder, toPath: folder + ".gone")
          guard how == "replaced" else { return }
          try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false)
        }
        result.expectFailure(73, [folder])
        let left = try? FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(left == (how == "replaced" ? [] : nil), "\(result)")
      }
    }

    /// A save looks for its own temporary file again: that is gone with the folder, and no input is missing.
    @Test func aFolderThatGoesDuringASaveEndsTheRun() throws {
      try withTinyData { data in
        let folder = data.path("run")
        let result = try Command.run(
          ["train", data.recipe, "--out", folder, "--set", "train.iterations=2000"]
        ) { running in
          guard running.waitForLog("saved iteration 2 ") else { return }
          let deadline = Date(timeIntervalSinceNow: 5)
          let saves = folder + "/checkpoints"
          while Date() < deadline {
            let names = try? FileManager.default.contentsOfDirectory(atPath: saves)
            if names?.contains(where: { $0.hasPrefix(".tmp.") }) == true { break }
          }
          try FileManager.default.moveItem(atPath: folder, toPath: folder + ".gone")
        }
        result.expectFailure(73, [folder, "removed or replaced meanwhile"])
        #expect(!FileManager.default.fileExists(atPath: folder), "\(result)")
      }
    }

    /// A link in the place of a folder is followed: people keep checkpoints on another disk.
    @Test(arguments: ["checkpoints", "pictures", "tensorboard"])
    func aLinkToAFolderIsTheFolder(name: String) throws {
      try withTinyData { data in
        let folder = data.path("run")
        for path in [folder, data.path("disk")] {
          try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        }
        try FileManager.default.createSymbolicLink(
          atPath: folder + "/" + name, withDestinationPath: data.path("disk"))
        try Command.run(
          ["train", data.recipe, "--out", folder, "--set", "evaluation.pictures=1"]
        ).expectSuccess()
        #expect(try !FileManager.default.contentsOfDirectory(atPath: data.path("disk")).isEmpty)
        let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/" + name)
        #expect(attributes[.type] as? FileAttributeType == .typeSymbolicLink)
      }
    }

    /// A group's folder, as run-folder.md has it: umask 002, and files that get the folder's group.
    @Test(.enabled(if: getuid() == 0, "only root can be two users"))
    func twoUsersOfAGroupShareARun() throws {
      try withTinyData { data in
        let shared = data.path("shared")
        try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: false)
        #expect(chown(shared, 0, 12345) == 0 && chmod(shared, 0o2775) == 0)
        let train = ["train", data.recipe, "--out", shared + "/run"]
        func run(_ user: Int, _ words: [String]) throws -> ProcessResult {
          let user = "setpriv --reuid \(user) --regid 12345 --clear-groups"
          return try Command.bash(#"umask 002; exec \#(user) "$0" "$@""#, words)
        }
        try run(12345, train).expectSuccess()
        let longer = train + ["--set", "train.iterations=4"]
        let other = try run(12346, longer + ["--accept", "recipe"])
        other.expectSuccess()
        #expect(other.standardError.contains("going on from"), "\(other)")
        try run(12345, longer).expectSuccess()
        // As an earlier version, or a umask of 077, leaves it.
        #expect(chmod(shared + "/run/.lock", 0o600) == 0)
        try run(12346, longer).expectFailure(
          73, [shared + "/run/.lock: found Permission denied", "remove it"])
        #expect(unlink(shared + "/run/.lock") == 0)
        try run(12346, longer).expectSuccess()
      }
    }

    @Test func measurementsThatAreGoneAreTold() throws {
      try withTinyData { data in
        try data.trainHalf()
        try FileManager.default.removeItem(atPath: data.path("run/metrics.jsonl"))
        let history = data.path("run/history.jsonl")
        try (Data(contentsOf: URL(filePath: history)) + [0xFF, 10]).write(
          to: URL(filePath: history))
        let resumed = try Command.run(["train", data.recipe, "--out", data.path("run")])
        resumed.expectSuccess()
        #expect(resumed.standardError.contains("metrics.jsonl: found none"), "\(resumed)")
        #expect(resumed.standardError.contains("history.jsonl: 1 damaged line left out"))
      }
    }

    /// Only the recipe of the folder tells what a checkpoint of an earlier version belongs to.
    @Test func checkpointsWithoutIdentityNeedTheRecipeOfTheFolder() throws {
      try withTinyData { data in
        let recipe = data.path("run/recipe.yaml")
        let checkpoint = data.path("run/checkpoints/iteration_0000001.safetensors")
        try data.trainHalf()
        let archive = try WeightFile.read(checkpoint)
        let text = try Data(contentsOf: URL(filePath: recipe))
        let train = ["train", data.recipe, "--out", data.path("run")]
        /// The checkpoint as an earlier version wrote it.
        func makeOld() throws {
          var old = archive
          old.metadata = old.metadata.filter { !$0.key.hasPrefix("run.") }
          let store = CheckpointStore(folder: data.path("run/checkpoints"), keep: 2)
          _ = try store.prepare()
          try FileManager.default.removeItem(atPath: checkpoint)
          _ = try store.save(old, iteration: 1)
        }
        try makeOld()
        for bytes in [nil, Data(), Data("# M".utf8) + [0xFC] + Data("ller\n".utf8) + text] {
          try? FileManager.default.removeItem(atPath: recipe)
          try bytes?.write(to: URL(filePath: recipe))
          try Command.run(train).expectFailure(65, ["recipe.yaml", "--accept recipe"])
        }
        try text.write(to: URL(filePath: recipe))
        try Command.run(train + ["--set", "train.seed=7"])
          .expectFailure(65, ["train.seed: 7, was 1", "--accept recipe"])
        let accepted = try Command.run(train + ["--set", "train.seed=7", "--accept", "recipe"])
        accepted.expectSuccess()
        #expect(accepted.standardError.contains("saved by an earlier version"), "\(accepted)")
        let history = try String(contentsOfFile: data.path("run/history.jsonl"), encoding: .utf8)
        #expect(history.contains(#""kind":"accepted""#), "\(history)")
      }
    }
  }
}
