import Foundation
import Recipes
import TestSupport
import Testing

/// A recipe that decodes: what the tests change.
let small = """
  data:
    kind: scenes
  teacher:
    weights: teacher.safetensors
  """

/// Decodes a text as the file `recipe.yaml` in `/recipes`.
func decode(_ yaml: String, set overrides: [String] = []) throws(RecipeError) -> Recipe {
  try Recipe.decode(yaml: yaml, file: "recipe.yaml", folder: "/recipes", overrides: overrides)
}

/// The line that a text is refused with; fails the test if it is not refused.
func refusal(_ yaml: String, set overrides: [String] = []) -> String {
  do {
    _ = try decode(yaml, set: overrides)
    Issue.record("accepted: \(yaml) \(overrides)")
    return "accepted"
  } catch {
    return error.description
  }
}

/// The folder of the shipped recipes.
let recipeFolder = Repository.root.appending(path: "launch/recipes")
