import Files
import Foundation
import Networks
import Recipes
import Steps
import TestSupport
import Testing
import Torch
import WeightFiles

/// Networks of a recipe, from the seed and from files.
@Suite struct NetworkFactoryTests {
  private static func recipe(_ changes: (inout Recipe) -> Void = { _ in }) -> Recipe {
    var recipe = Recipe()
    recipe.data.classCount = 3
    recipe.student.network = "deeplab_mobile"
    recipe.teacher.network = "deeplabv3_resnet18"
    changes(&recipe)
    return recipe
  }

  private static func values(_ network: SegmentationNetwork) -> [Float] {
    network.state.entries.flatMap { $0.tensor.array(Float.self) }
  }

  /// Writes a network's weights.
  private static func write(
    _ network: SegmentationNetwork, to path: String, metadata: [String: String] = [:]
  ) throws {
    try AtomicFile().writeAtomically(
      TensorArchive(tensors: network.state.stored(), metadata: metadata), to: path)
  }

  @Test func theSeedDrawsStudentAndTeacher() throws {
    let student = try NetworkFactory.student(Self.recipe())
    #expect(try Self.values(NetworkFactory.student(Self.recipe())) == Self.values(student))
    let other = try NetworkFactory.student(Self.recipe { $0.train.seed = 2 })
    #expect(Self.values(other) != Self.values(student))
    // Equal architectures of the same seed are two networks.
    let pair = Self.recipe {
      $0.teacher.network = "deeplab_mobile"
      $0.teacher.fromSeed = true
    }
    let teacher = try #require(try NetworkFactory.teacher(pair))
    #expect(Self.values(teacher) != Self.values(student))
    #expect(teacher.state.parameters.allSatisfy { !$0.tensor.requiresGradient })
    #expect(try NetworkFactory.teacher(Self.recipe { $0.distill.method = .none }) == nil)
  }

  @Test func theHeadIsAsWideAsTheFile() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("narrow.safetensors").path
      let narrow = try NetworkFactory.student(Self.recipe { $0.student.headWidth = 16 })
      #expect(narrow.headWidth == 16)
      try Self.write(narrow, to: path)
      let read = try NetworkFactory.student(Self.recipe { $0.student.weights = path })
      #expect(read.headWidth == 16 && Self.values(read) == Self.values(narrow))
    }
  }

  @Test func aBackboneAloneLeavesTheHeadToTheSeed() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("backbone.safetensors").path
      let other = try NetworkFactory.student(Self.recipe { $0.train.seed = 9 })
      try AtomicFile().writeAtomically(
        TensorArchive(tensors: other.state.stored().filter { $0.name.hasPrefix("pretrained.") }),
        to: path)
      let read = try NetworkFactory.student(Self.recipe { $0.student.backboneWeights = path })
      let drawn = try NetworkFactory.student(Self.recipe())
      for entry in read.state.entries {
        let origin = entry.name.hasPrefix("pretrained.") ? other : drawn
        #expect(
          entry.tensor.array(Float.self) == origin.state[entry.name]?.array(Float.self),
          "\(entry.name)")
      }
    }
  }

  @Test func filesThatDoNotFitAreRefused() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("weights.safetensors").path
      let recipe = Self.recipe { $0.student.weights = path }
      #expect(throws: FileError.self) { try NetworkFactory.student(recipe) }
      // Other classes.
      try Self.write(try NetworkFactory.student(Self.recipe { $0.data.classCount = 4 }), to: path)
      let classes = #expect(throws: WeightMismatch.self) { try NetworkFactory.student(recipe) }
      #expect(classes?.description.contains("head.block.4.weight") == true)
      // The tensors of another network, which the file names.
      let psp = try NetworkFactory.student(Self.recipe { $0.student.network = "psp_mobile" })
      try Self.write(psp, to: path, metadata: ["network": "psp_mobile"])
      let named = #expect(throws: TrainingError.self) { try NetworkFactory.student(recipe) }
      #expect(named?.description.contains("psp_mobile") == true)
      // Values that are no numbers.
      let own = try NetworkFactory.student(Self.recipe())
      Autograd.withoutHistory {
        own.state["head.block.4.bias"]?.copy(from: Tensor([Float](repeating: .nan, count: 3), [3]))
      }
      try Self.write(own, to: path)
      let spoilt = #expect(throws: FileError.self) { try NetworkFactory.student(recipe) }
      #expect(spoilt?.description.contains("head.block.4.bias") == true)
    }
  }
}
