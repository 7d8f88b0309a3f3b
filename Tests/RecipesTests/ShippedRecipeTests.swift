import Foundation
import Recipes
import Testing

@Suite("The recipes in launch/recipes")
struct ShippedRecipeTests {
  static let names = [
    "ade20k-deeplabv3-r18", "camvid-deeplabv3-r18", "camvid-psp-r18", "camvid-teacher",
    "cityscapes-deeplabv3-mbv2", "cityscapes-deeplabv3-r18", "cityscapes-deeplabv3-r18-scratch",
    "cityscapes-psp-r18", "coco-stuff-deeplabv3-r18", "quickstart", "quickstart-kd",
    "quickstart-labels", "quickstart-teacher",
    "voc-deeplabv3-r18", "voc-psp-r18",
  ]

  func load(_ name: String, _ set: String...) throws -> Recipe {
    try Recipe.load(recipeFolder.path + "/\(name).yaml", overrides: set)
  }

  @Test("None is missing here")
  func all() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: recipeFolder.path)
    let recipes = files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
    #expect(Set(Self.names).isSubset(of: recipes))
  }

  @Test("Each decodes, round trips and says where it comes from", arguments: names)
  func each(_ name: String) throws {
    let recipe = try load(name)
    #expect(try decode(recipe.resolvedYAML()) == recipe)
    let text = try String(contentsOf: recipeFolder.appending(path: "\(name).yaml"), encoding: .utf8)
    #expect(text.hasPrefix("# ") && text.contains("You supply"))
    #expect(name.hasPrefix("quickstart") || text.contains("paper"))
    #expect(text.utf8.allSatisfy { $0 < 128 })
  }

  @Test("The paper's rows have the paper's hyper-parameters", arguments: names)
  func paper(_ name: String) throws {
    if name.hasPrefix("quickstart") { return }
    let recipe = try load(name)
    #expect(recipe.train.iterations == (name.hasPrefix("ade20k") ? 80_000 : 40_000))
    #expect(recipe.train.batchSize == 16 && recipe.train.learningRate == 0.02)
    #expect(recipe.train.momentum == 0.9 && recipe.train.weightDecay == 1e-4)
    #expect(recipe.data.kind == .list && recipe.student.dropout && recipe.data.augment)
    let (height, width) = (recipe.data.cropHeight, recipe.data.cropWidth)
    #expect((height, width) == (try load(name, "data.crop_height=0", "data.crop_width=0")).crop)
    if name.hasSuffix("teacher") { return }
    #expect(recipe.distill.method == .rdd && recipe.distill.difficulty.mask == .xor)
    #expect(recipe.distill.warmupIterations * 10 == recipe.train.iterations)
    #expect(
      recipe.distill.difficulty.statistics == .global && recipe.distill.difficulty.threshold == 0.7)
    #expect(recipe.distill.ohem.minimumKept == (16 * 25_000 * height * width + 262_144) / 524_288)
    #expect(try load(name, "preset=paper").distill.ohem.minimumKept == 0)
  }

  @Test("The quickstart's students differ in nothing but the distillation")
  func quickstart() throws {
    let rdd = try load("quickstart")
    #expect(rdd.distill.method == .rdd && rdd.student.network == "deeplab_mobile")
    let kd = try load("quickstart-kd")
    #expect(kd.differences(from: rdd).allSatisfy { $0.hasPrefix("distill.") })
    let labels = try load("quickstart-labels")
    #expect(labels.distill.method == .none)
    #expect(
      labels.differences(from: rdd).allSatisfy {
        $0.hasPrefix("distill.") || $0.hasPrefix("teacher.")
      })
    let teacher = try load("quickstart-teacher")
    #expect(teacher.distill.method == .none && teacher.student.network == rdd.teacher.network)
    #expect(teacher.data == rdd.data)
  }
}

extension Recipe {
  fileprivate var crop: (Int, Int) { (data.cropHeight, data.cropWidth) }
}
