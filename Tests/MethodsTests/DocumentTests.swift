import Foundation
import Methods
import Recipes
import TestSupport
import Testing

/// What people read of the methods says what the table says.
@Suite struct DocumentTests {
  private func text(_ path: String) throws -> String { try Repository.text(path) }

  @Test func recipeKeysEndWithTheTables() throws {
    let expected = "\n\n" + Recipe.referenceTable() + "\n" + MethodTable.reference()
    #expect(
      try text("Documentation/recipe-keys.md").hasSuffix(expected),
      "Documentation/recipe-keys.md: replace its tables by what `rdd recipe-keys` prints")
  }

  @Test(arguments: MethodTable.names)
  func everyMethodHasARowAndARecipe(_ name: String) throws {
    let card = try #require(MethodTable.cards.first { $0.name == name })
    #expect(try text("README.md").contains("\n| `\(name)` | "))
    let path = "launch/recipes/methods/\(name).yaml"
    let yaml = try text(path)
    let recipe = try Recipe.decode(yaml: yaml, file: path, folder: "/recipes")
    let choice = try #require(recipe.distill.methods.list.first)
    #expect(recipe.distill.methods.list.count == 1 && choice.name == name)
    let weight = choice.options.first { $0.key == "weight" }.flatMap { Double($0.text) }
    #expect(weight == card.weight)
    #expect(yaml.hasPrefix("# ") && yaml.contains("You supply"))
    // The options of the recipe are the method's.
    try MethodTable.check([ChosenMethod(name, choice.options.map { ($0.key, $0.text) })])
    #expect(try Recipe.decode(yaml: recipe.resolvedYAML(), file: path) == recipe)
  }

  /// The page of differences knows all methods, and denies none of them.
  @Test(arguments: MethodTable.names)
  func thePageOfDifferencesNamesEveryMethod(_ name: String) throws {
    let page = try text("Sources/7-Command/rdd/rdd.docc/WhatDiffersFromThePublishedScripts.md")
    let parts = page.components(separatedBy: "\n## What is not there\n")
    try #require(parts.count == 2)
    #expect(parts[0].contains("`\(name)`") && !parts[1].contains("`\(name)`"))
  }

  /// The YAML that documents show is a recipe, or a part of one.
  @Test(arguments: ["README.md", "Documentation/images.md"])
  func shownRecipesAreRecipes(_ path: String) throws {
    let blocks = try text(path).components(separatedBy: "\n```yaml\n").dropFirst()
      .compactMap { $0.components(separatedBy: "\n```").first }
    #expect(!blocks.isEmpty)
    for block in blocks {
      // A part says nothing of its teacher.
      let teacher = block.contains("teacher:") ? "" : "\nteacher: {from_seed: true}"
      let recipe = try Recipe.decode(yaml: block + teacher + "\n", file: path, folder: "/recipes")
      try MethodTable.check(
        recipe.distill.methods.list.map { choice in
          ChosenMethod(choice.name, choice.options.map { ($0.key, $0.text) })
        })
    }
  }

  /// Recipes of earlier versions stay recipes; an option is still there once.
  @Test func formerNamesAreRead() throws {
    try MethodTable.check([ChosenMethod("kdiga", [("norms", "running")])])
    try MethodTable.check([ChosenMethod("kdiga", [("batch_norm", "running")])])
    let error = #expect(throws: MethodError.self) {
      try MethodTable.check([ChosenMethod("kdiga", [("norms", "batch"), ("batch_norm", "batch")])])
    }
    #expect(error?.description.contains("batch_norm of kdiga twice") ?? false)
  }

  @Test func mistakesAreOneLine() {
    func refusal(_ chosen: [ChosenMethod], _ change: (inout MethodSetting) -> Void = { _ in })
      -> String
    {
      var setting = FixA.setting(classes: 3, features: (3, 3))
      change(&setting)
      do {
        _ = try MethodSuite(chosen, setting)
        return "none"
      } catch { return error.description }
    }
    let unknown = refusal([ChosenMethod("cwf", place: "here:3")])
    #expect(unknown.hasPrefix("unknown method: here:3: found 'cwf'; expected kd, at, "))
    #expect(refusal([ChosenMethod("cwd", [("weight", "much")])]).contains("'much' of cwd"))
    #expect(refusal([ChosenMethod("cwd", [("weight", "nan")])]).contains("'nan' of cwd"))
    #expect(refusal([ChosenMethod("cwd", [("weight", "-1")])]).contains("'-1' of cwd"))
    #expect(refusal([ChosenMethod("at", [("temperature", "4")])]).contains("at with temperature"))
    #expect(refusal([ChosenMethod("at"), ChosenMethod("at")]).contains("at twice"))
    #expect(refusal([ChosenMethod("spec", [("k", "4")])]).contains("at most 3"))
    let alone = refusal([ChosenMethod("kd")]) { $0.teacher = nil }
    #expect(alone.contains("kd without a teacher"))
    let headless = refusal([ChosenMethod("dsd")]) {
      $0.student = .init(featureWidth: 3, hasAuxiliary: false)
    }
    #expect(headless.contains("dsd with a network without auxiliary head"))
    #expect(refusal([ChosenMethod("dsd", [("weight", "0")])]) == "none")
  }
}
