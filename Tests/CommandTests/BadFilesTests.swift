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

    /// How weights come into a command, each with a teacher or student of `data`'s recipe.
    enum Use: String, CaseIterable, Sendable {
      case student, backbone, compiledTeacher, eagerTeacher, auxiliary, eval, predict, convert

      func arguments(_ data: TinyData, _ weights: String) -> [String] {
        let out = ["--out", data.path("run")]
        func train(_ set: [String]) -> [String] {
          ["train", data.recipe] + out + set.flatMap { ["--set", $0] }
        }
        let teacher = [
          "distill=kd", "teacher.network=deeplab_mobile", "teacher.weights=\(weights)",
        ]
        switch self {
        case .student: return train(["student.weights=\(weights)"])
        case .backbone: return train(["student.backbone_weights=\(weights)"])
        case .compiledTeacher: return train(teacher + ["teacher.engine=compiled"])
        case .eagerTeacher: return train(teacher + ["teacher.engine=eager"])
        case .auxiliary:
          return train([
            "distill=kd", "teacher.network=deeplabv3_resnet18", "teacher.from_seed=true",
            "distill.methods=[{name: hkd, aux: \(weights), aux_network: deeplab_mobile}]",
          ])
        case .eval: return ["eval", data.recipe, "--weights", weights]
        case .predict:
          return ["predict", data.recipe, "--weights", weights, data.path("0.png")] + out
        case .convert: return ["convert", weights, "--out", data.path("converted.pth")]
        }
      }
    }

    /// Weights of a run with a last number that no network can compute with; its tensor has no place in
    /// a backbone file unless `backbone`.
    private func poisoned(
      _ data: TinyData, _ tensor: String, _ value: Float, backbone: Bool = false
    ) throws -> String {
      let path = data.path("poisoned.safetensors")
      let tensors = try WeightFile.read(ShortRun.shared.get().weights).tensors.map { stored in
        let name =
          backbone ? stored.name.replacingOccurrences(of: "pretrained.net.", with: "") : stored.name
        return stored.changed(name: name, last: stored.name == tensor ? value : nil)
      }
      try AtomicFile().writeAtomically(TensorArchive(tensors: tensors), to: path)
      return path
    }

    @Test(arguments: Use.allCases)
    func weightsThatAreNotFinite(_ use: Use) throws {
      try withTinyData { data in
        let isBackbone = use == .backbone
        for (tensor, value, line) in [
          ("features.0.1.running_var", -0.5, "[31]: found -0.5; expected a variance of 0 or more"),
          ("features.0.0.weight", .nan, "[31, 2, 2, 2]: found nan; expected a finite number"),
        ] as [(String, Float, String)] {
          let name = "pretrained.net." + tensor
          let path = try poisoned(data, name, value, backbone: isBackbone)
          let result = try Command.run(use.arguments(data, path))
          result.expectFailure(
            65, ["weights refused: \(path): '\(isBackbone ? tensor : name)'\(line)"])
          let written = ["student.safetensors", "converted.pth"].map { data.path("run/" + $0) }
          #expect(!written.contains(where: FileManager.default.fileExists))
        }
      }
    }

    @Test("check says what a run would end with")
    func checkedWeights() throws {
      try withTinyData { data in
        let path = try poisoned(data, "pretrained.net.features.0.1.bias", .infinity)
        let teacher = [
          "distill=kd", "teacher.network=deeplab_mobile", "teacher.weights=\(path)",
        ]
        let result = try Command.run(
          ["check", data.recipe] + teacher.flatMap { ["--set", $0] }, ranks: 2)
        result.expectFailure(65, ["found 1 problem;"])
        let line =
          "rdd: problem: weights refused: \(path): 'pretrained.net.features.0.1.bias'[31]: found inf"
        #expect(result.standardError.contains(line), "\(result)")
      }
    }

    @Test("A checkpoint of a run that had broken is not gone on with")
    func brokenMomentum() throws {
      try withTinyData { data in
        let train = ["train", data.recipe, "--out", data.path("run")]
        try Command.run(train).expectSuccess()
        let (folder, manager) = (data.path("run/checkpoints"), FileManager.default)
        let store = CheckpointStore(folder: folder)
        var archive = try WeightFile.read(store.path(2))
        archive = TensorArchive(
          tensors: archive.tensors.map {
            $0.changed(
              name: $0.name, last: $0.name == "momentum.head.block.0.weight" ? .infinity : nil)
          }, metadata: archive.metadata)
        try manager.removeItem(atPath: store.path(2))
        _ = try store.save(archive, iteration: 2)
        try Command.run(train).expectFailure(
          65,
          [
            "iteration_0000002.safetensors: 'momentum.head.block.0.weight'[",
            ": found inf; expected",
            "move this file away, and the run goes on from an older one",
          ])
        try manager.removeItem(atPath: store.path(2))
        let second = try Command.run(train)
        second.expectSuccess()
        #expect(second.standardError.contains("(iteration 1)"), "\(second)")
      }
    }
  }
}

extension StoredTensor {
  /// The same tensor of float32 under a name, with another last number unless `last` is nil.
  fileprivate func changed(name: String, last: Float?) -> StoredTensor {
    var values = bytes.withUnsafeBytes { Array($0) }
    if let last {
      values.replaceSubrange((values.count - 4)..., with: withUnsafeBytes(of: last) { Array($0) })
    }
    return StoredTensor(
      name: name, elementType: elementType, shape: shape, bytes: ByteRegion(copying: values))
  }
}
