import Foundation
import Recipes
import Testing

/// What people are used to write elsewhere.
@Suite struct HabitTests {
  @Test(arguments: ["~/x", "~/./y/../x"])
  func aPathMayStartAtHome(path: String) throws {
    let home = try #require(ProcessInfo.processInfo.environment["HOME"])
    let expected = URL(fileURLWithPath: home).standardized.path + "/x"
    let yaml = """
      data: {kind: list, num_classes: 3, root: \(path)}
      teacher: {weights: "\(path)"}
      """
    let recipe = try decode(yaml, set: ["student.weights=\(path)"])
    #expect(recipe.data.root == expected)
    #expect(recipe.teacher.weights == expected)
    #expect(recipe.student.weights == expected)
    #expect(fromHome(path).hasPrefix(home))
  }

  @Test(arguments: ["~", "~x/y", "a/~/b", "./~/b", ""])
  func otherTildesAreNames(path: String) { #expect(fromHome(path) == path) }

  @Test(arguments: [
    ("no", "false"), ("off", "false"), ("n", "false"), ("No", "false"), ("FALSE", "false"),
    ("yes", "true"), ("on", "true"), ("Y", "true"), ("tru", "true"), ("fals", "false"),
  ])
  func theHintIsWhatWasMeant(word: String, meant: String) {
    #expect(refusal("train: {tensorboard: \(word)}").hasSuffix("did you mean \(meant)?"))
    #expect(refusal("", set: ["evaluation.flip=\(word)"]).hasSuffix("did you mean \(meant)?"))
  }
}
