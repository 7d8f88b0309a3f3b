import Foundation
import Recipes
import Runs
import Steps
import Testing

/// Under which vector instructions a folder may be gone on with.
@Suite struct KeptInstructionsTests {
  /// A folder may be gone on with under the word of what its checkpoint was computed with.
  @Test func foldersKeepTheirInstructions() throws {
    let path = NSTemporaryDirectory() + "rdd-test-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    func recipe(_ word: String) throws -> Recipe {
      try Recipe.decode(
        yaml: "distill: none", file: "recipe.yaml", overrides: ["train.instructions=\(word)"])
    }
    let folder = try RunFolder(path)
    try folder.write(recipe("auto"))
    // A folder of before there was the key.
    let old = try String(contentsOfFile: folder.files.recipe, encoding: .utf8)
      .split(separator: "\n").filter { !$0.contains("instructions") }.joined(separator: "\n")
    try old.write(toFile: folder.files.recipe, atomically: true, encoding: .utf8)
    try folder.compareRecipe(recipe("auto"))
    for word in ["avx2", "avx512"] {
      let error = #expect(throws: TrainingError.self) {
        try folder.compareRecipe(recipe(word), instructions: word == "avx2" ? nil : "avx2")
      }
      #expect(error?.description.contains("train.instructions: \(word), was auto") == true)
    }
    try folder.compareRecipe(recipe("avx2"), instructions: "avx2")
    try folder.write(recipe("avx2"))
    #expect(throws: TrainingError.self) {
      try folder.compareRecipe(recipe("auto"), instructions: "avx2")
    }
  }
}
