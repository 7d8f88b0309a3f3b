import Foundation
import Recipes
import Testing

@Suite("Documentation/recipe-keys.md")
struct KeysPageTests {
  @Test("The page ends with the table of all keys")
  func table() throws {
    let page = recipeFolder.appending(path: "../../Documentation/recipe-keys.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    #expect(
      text.hasSuffix("\n\n" + Recipe.referenceTable()),
      "Documentation/recipe-keys.md: replace its table by what `rdd recipe-keys` prints")
  }
}
