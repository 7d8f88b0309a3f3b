import ArgumentParser
import Files
import Methods
import Recipes

/// `rdd recipe-keys`: the reference of recipes, as Documentation/recipe-keys.md holds it.
struct RecipeKeys: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print every key of a recipe with its type, default and meaning, as Markdown.",
    discussion: """
        rdd recipe-keys | grep train.
      """)

  func run() {
    Console.print(Recipe.referenceTable())
    Console.print(MethodTable.reference(), terminator: "")
  }
}
