import ArgumentParser
import Foundation

/// The recipe and the keys that the command line sets over it.
struct RecipeOptions: ParsableArguments {
  @Argument(help: "The recipe, a YAML file; see launch/recipes.")
  var recipe: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Set a key over the recipe; may be repeated.", valueName: "key=value"))
  var set: [String] = []

  /// The folder of the recipe's run.
  func runFolder(_ out: String?) -> String {
    out ?? "runs/" + URL(fileURLWithPath: recipe).deletingPathExtension().lastPathComponent
  }
}
