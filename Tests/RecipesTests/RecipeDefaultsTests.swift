import Recipes
import Testing

@Suite("Defaults, presets and what follows from other keys")
struct RecipeDefaultsTests {
  @Test("Classes and crop follow from the data")
  func derived() throws {
    typealias Size = (classes: Int, height: Int, width: Int)
    func size(_ data: String) throws -> Size {
      let data = try decode("distill: none\ndata: {\(data)}").data
      return (data.classCount, data.cropHeight, data.cropWidth)
    }
    #expect(try size("") == (11, 128, 256))
    #expect(try size("scenes: {height: 64, width: 96}") == (11, 64, 96))
    #expect(try size("kind: list, root: a, format: cityscapes") == (19, 512, 1024))
    #expect(try size("kind: list, root: a, format: camvid") == (11, 360, 360))
    #expect(try size("kind: list, root: a, format: voc") == (21, 512, 512))
    #expect(try size("kind: list, root: a, format: ade20k, crop_width: 64") == (150, 512, 64))
    #expect(try size("kind: list, root: a, num_classes: 7") == (7, 512, 512))
    #expect(try size("kind: list, root: a, classes: [road, car]") == (2, 512, 512))
  }

  @Test("Pixels kept are 25000 for each image of 512 x 1024")
  func minimumKept() throws {
    func kept(_ set: String...) throws -> Recipe {
      try decode(
        small,
        set: ["data.kind=list", "data.root=.", "data.format=cityscapes", "train.batch_size=16"]
          + set)
    }
    let batch = try kept()
    #expect(batch.distill.ohem.minimumKept == 400_000)
    #expect(batch.minimumKept(ofImages: 16) == 400_000)
    #expect(batch.minimumKept(ofImages: 4) == 100_000)
    let image = try kept("distill.ohem.minimum_kept_unit=image")
    #expect(image.distill.ohem.minimumKept == 25_000)
    #expect(image.minimumKept(ofImages: 16) == 400_000)
    let quarter = try kept("data.crop_height=256", "data.crop_width=512", "train.batch_size=2")
    #expect(quarter.distill.ohem.minimumKept == 12_500)
    let official = try kept("preset=official")
    #expect(official.minimumKept(ofImages: 4) == 100_000)
    #expect(official.minimumKept(ofImages: 8) == 100_000)
    #expect(try kept("distill.ohem.minimum_kept=0").minimumKept(ofImages: 16) == 0)
  }

  @Test("TSE takes over after a tenth of the iterations, as in the scripts")
  func warmup() throws {
    func warmup(_ set: String...) throws -> Int {
      try decode(small, set: set).distill.warmupIterations
    }
    #expect(Recipe().distill.warmupIterations == 4000)
    #expect(try warmup() == 4000)
    #expect(try warmup("train.iterations=80000") == 8000)
    #expect(try warmup("train.iterations=60") == 6)
    #expect(try warmup("train.iterations=9") == 0)
    #expect(try warmup("train.iterations=60", "distill.warmup_iterations=4000") == 4000)
    #expect(try warmup("train.iterations=60", "distill.warmup_iterations=auto") == 6)
  }

  @Test("A run that an earlier version began keeps the defaults of then, and nothing else")
  func begun() throws {
    // What earlier versions wrote into the folder of a run of 19 classes and 60 iterations.
    let data = ["data.kind=list", "data.root=/a", "data.num_classes=19", "train.iterations=60"]
    let old = ["distill.warmup_iterations=4000", "distill.class_weights=cityscapes"]
    let folder = try decode(try decode(small, set: data + old).resolvedYAML())
    let now = try decode(small, set: data)
    #expect(now.distill.warmupIterations == 6 && now.distill.classWeights == .none)
    let goesOn = now.goingOn(with: folder)
    #expect(goesOn == folder && goesOn.differences(from: folder).isEmpty)
    // What somebody says counts, and so does what nobody took by default.
    let said = try decode(small, set: data + ["distill.warmup_iterations=6"])
    #expect(said.goingOn(with: folder).distill.warmupIterations == 6)
    let none = try decode(small, set: data + ["distill.class_weights=none"])
    #expect(none.goingOn(with: folder).distill.classWeights == .none)
    let chosen = try decode(small, set: data + ["distill.warmup_iterations=20"])
    #expect(now.goingOn(with: chosen) == now)
    #expect(now.goingOn(with: now) == now)
  }

  @Test("Class weights are Cityscapes' where labels are read as Cityscapes', and only there")
  func classWeights() throws {
    #expect(try decode(small).distill.classWeights == .none)
    let list = small + "\n"
    let set = ["data.kind=list", "data.root=."]
    #expect(
      try decode(list, set: set + ["data.format=cityscapes"]).distill.classWeights
        == .published(.cityscapes))
    #expect(try decode(list, set: set + ["data.format=voc"]).distill.classWeights == .none)
    #expect(try decode(list, set: set + ["data.num_classes=19"]).distill.classWeights == .none)
    #expect(
      try decode(
        list, set: set + ["data.num_classes=19", "distill.class_weights=cityscapes"]
      ).distill.classWeights == .published(.cityscapes))
    #expect(
      try decode(list, set: set + ["data.num_classes=2", "distill.class_weights=[1, 0.5]"]).distill
        .classWeights == .list([1, 0.5]))
  }

  @Test("Presets set what paper and scripts disagree on")
  func presets() throws {
    let plain = try decode(small)
    let official = try decode("preset: official\n" + small)
    #expect(
      official.differences(from: plain) == [
        "preset: official, was none", "distill.statistics: local, was global",
        "distill.ohem.minimum_kept: 100000, was 25000",
        "distill.ohem.minimum_kept_unit: rank, was batch",
      ])
    let paper = try decode("preset: paper\n" + small)
    #expect(
      paper.differences(from: plain) == [
        "preset: paper, was none", "train.weight_decay: 0.0005, was 0.0001",
        "distill.warmup_inclusive: true, was false", "distill.ohem.minimum_kept: 0, was 25000",
        "distill.tfe.kl: main_auxiliary, was auxiliary_main",
        "distill.tse.confidence: maximum, was ground_truth",
        "distill.tse.reduction: all_pixels, was masked_mean",
      ])
    for preset in Recipe.Preset.allCases {
      for (name, value) in preset.settings {
        let key = try #require(Key.named[name], "\(name) is no key")
        let recipe = try decode(small, set: ["preset=\(preset.rawValue)"])
        let alone = try decode(
          small,
          set: ["distill.statistics=local", "distill.ohem.minimum_kept=1", "\(name)=\(value)"])
        #expect(key.yaml(recipe) == key.yaml(alone))
      }
    }
    #expect(try decode(small, set: ["preset=none"]) == plain)
  }
}
