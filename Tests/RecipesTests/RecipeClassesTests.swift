import Recipes
import Testing

@Suite("Names and colours of classes")
struct RecipeClassesTests {
  private func classes(_ text: String) throws -> Recipe.Classes {
    let count = text.filter { $0 == "{" }.count
    return try decode(
      "distill: none\ndata: {kind: list, root: ., num_classes: \(count), classes: \(text)}"
    ).data.ownClasses
  }

  @Test("A colour is three numbers or six digits, and may be left out")
  func colours() throws {
    let list = try classes(
      "[{name: road, colour: [128, 64, 0]}, {colour: 'ff0010', name: car}, "
        + "{name: sky, color: \"#0000fF\"}, {name: \"a, b: c\"}]"
    ).list
    #expect(list.map(\.name) == ["road", "car", "sky", "a, b: c"])
    #expect(list.map(\.colour) == [[128, 64, 0], [255, 0, 16], [0, 0, 255], nil])
  }

  @Test("They count the classes, and are read back as they are written")
  func written() throws {
    let yaml = "distill: none\ndata:\n  kind: list\n  root: .\n  classes: [road, 7, 'none', a/b]\n"
    let recipe = try decode(yaml)
    #expect(recipe.data.classCount == 4)
    #expect(
      recipe.value(ofKey: "data.classes")
        == #"[{name: "road"}, {name: "7"}, {name: "none"}, {name: "a/b"}]"#)
    #expect(try decode(recipe.resolvedYAML()) == recipe)
    let set = try decode(
      "distill: none", set: ["data.kind=list", "data.root=.", "data.classes=[{name: road}, car]"])
    #expect(set.data.ownClasses.list.map(\.name) == ["road", "car"])
  }

  @Test(
    "A name that cannot be one is shown, and what is wrong with it said",
    arguments: [
      ("[road, \"a\\e[2Jb\"]", "name 2, 'a\\u{1b}[2Jb', which has a control character"),
      ("[{name: \"a\\tb\", colour: [1, 2, 3]}]", "name 1, 'a\\u{9}b', which has a control"),
      ("[\(String(repeating: "a", count: 101))]", "', which is longer than 100 bytes"),
      ("[road, car, road]", "the name 'road' twice"),
      ("[\((0..<255).map { "c\($0)" }.joined(separator: ", "))]", "255 names, where labels"),
    ])
  func faults(_ text: String, _ words: String) {
    let told = refusal("distill: none\ndata: {classes: \(text)}")
    #expect(told.contains("found data.classes: ") && told.contains(words), "\(told)")
  }

  @Test(
    "What is none is refused",
    arguments: [
      "road", "[{colour: [1, 2, 3]}]", "[{name: a, colour: [1, 2]}]",
      "[{name: a, colour: [1, 2, 256]}]",
      "[{name: a, colour: red}]", "[{name: a, colour: [1, 2, 3], color: [1, 2, 3]}]",
      "[{name: a, size: 3}]", "[[a]]", "[a, a]", "[\"a\\tb\"]", "['']",
    ])
  func refused(_ text: String) {
    #expect(
      refusal("distill: none\ndata: {classes: \(text)}").contains(
        "expected a list of {name: NAME, colour: [R, G, B]}, or of names"), "\(text)")
  }
}
