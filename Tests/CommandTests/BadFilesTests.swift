import Files
import Foundation
import TestSupport
import Testing
import WeightFiles

extension CommandTests {
  /// Weights that do not fit, and places where nothing can be written.
  @Suite struct BadFilesTests {
    @Test(arguments: [nil, 2])
    func weightsOfAnotherNetwork(ranks: Int?) throws {
      try withTinyData { data in
        let tensor = StoredTensor(
          name: "head.block.0.weight", elementType: .f32, shape: [16, 1, 1, 1],
          bytes: ByteRegion(copying: [UInt8](repeating: 0, count: 64)))
        let stranger = StoredTensor(
          name: "stranger", elementType: .f32, shape: [1],
          bytes: ByteRegion(copying: [Float(0)]))
        let path = data.path("other.safetensors")
        try AtomicFile().writeAtomically(TensorArchive(tensors: [tensor, stranger]), to: path)
        let texts = [
          "weights: \(path): found ", "missing", "and ", "expected the tensors of deeplab_mobile",
        ]
        let run = ["--out", data.path("run")]
        try Command.run(
          ["train", data.recipe, "--set", "student.weights=\(path)"] + run, ranks: ranks
        ).expectFailure(65, texts)
        try Command.run(["eval", data.recipe, "--weights", path], ranks: ranks)
          .expectFailure(65, texts)
      }
    }

    @Test func noWeights() throws {
      try withTinyData { data in
        let path = data.path("none.safetensors")
        try Command.run(["eval", data.recipe, "--weights", path])
          .expectFailure(66, ["weights missing: \(path): found no file"])
        try Command.run(["eval", data.recipe, "--weights", data.path("train.txt")])
          .expectFailure(65, ["weights refused: ", "/train.txt"])
        let result = try Command.run(
          ["check", data.recipe, "--set", "student.weights=\(path)"], ranks: 2)
        result.expectFailure(66, ["found 1 problem;"])
        #expect(result.standardError.contains("rdd: problem: weights missing: \(path)"))
      }
    }

    @Test("A file where the folder should be", arguments: [nil, 2])
    func fileInTheWay(ranks: Int?) throws {
      try withTinyData { data in
        let place = data.path("train.txt") + "/run"
        try Command.run(["train", data.recipe, "--out", place], ranks: ranks)
          .expectFailure(73, ["run folder: \(place): ", "choose another --out"])
        try Command.run(
          ["predict", data.recipe, "--weights", "w", data.path("0.png"), "--out", place],
          ranks: ranks
        ).expectFailure(73, ["pictures: \(place): ", "choose another --out"])
        let check = try Command.run(["check", data.recipe, "--out", place], ranks: ranks)
        check.expectFailure(73, ["found 1 problem;"])
        #expect(check.standardError.contains("rdd: problem: run folder: \(place)"), "\(check)")
      }
    }

    @Test("Places for a report, a picture and a trace that are none")
    func placesThatCannotBeWritten() throws {
      try withTinyData { data in
        let place = data.path("none/file")
        try Command.run(
          ["train", data.recipe, "--out", data.path("run"), "--trace", place], ranks: 2
        ).expectFailure(73, ["trace: \(place): ", "No such file", "choose another --trace"])
        try Command.run(["bench", "scaling", data.recipe, data.path("train.txt")])
          .expectFailure(65, ["scaling: \(data.recipe): found something else"])
        try Command.run(["bench", "scaling", data.folder.path, data.recipe])
          .expectFailure(65, ["file refused: \(data.folder.path): "])
      }
    }

    @Test("A folder that another run holds")
    func folderInUse() throws {
      try withTinyData { data in
        let folder = data.path("run")
        try FileManager.default.createDirectory(
          atPath: folder, withIntermediateDirectories: false)
        let lock = try RunFolderLock(folder: folder)
        try withExtendedLifetime(lock) {
          try Command.run(["train", data.recipe, "--out", folder], ranks: 2)
            .expectFailure(73, ["run folder in use: \(folder)/.lock: found a lock of another run"])
        }
      }
    }
  }
}
