import Foundation
import Recipes
import Testing

@Suite("Hostile recipes")
struct HostileRecipeTests {
  @Test("Aliases of aliases are refused before they grow")
  func aliases() {
    var bomb = "a0: &a0 [x, x]\n"
    for level in 1...40 {
      bomb += "? [*a\(level - 1), *a\(level - 1)]\n: &a\(level) [*a\(level - 1), *a\(level - 1)]\n"
    }
    let start = ContinuousClock.now
    #expect(
      refusal(bomb) == "not a recipe: recipe.yaml: found more than 16 names with a star in front; "
        + "expected no aliases; write the values out")
    // The largest that gets past the count: as many aliases as allowed, each in a key.
    var key = "x"
    bomb = ""
    for level in 0..<5 {
      bomb += "? &a\(level) [\(key), \(level)]\n: 1\n"
      key = Array(repeating: "*a\(level)", count: 3).joined(separator: ", ")
    }
    #expect(refusal(bomb).hasPrefix("not a recipe: recipe.yaml:1: found "))
    #expect(ContinuousClock.now - start < .seconds(2))
  }

  @Test("Stars in comments and paths are no aliases")
  func stars() throws {
    let stars = String(repeating: "*", count: 200)
    let yaml = "# \(stars)\n# 2 * 3 ** 4\ndistill: none\ndata: {root: 'a & b * c!'}\n"
    #expect(try decode(yaml).data.root == "/recipes/a & b * c!")
  }

  @Test("Deep nesting of every kind is refused", arguments: ["[", "{a: ", "- ", "? ", "a: {b: [{"])
  func depth(_ opening: String) {
    for count in [7, 100, 900, 5000] {
      #expect(!refusal(String(repeating: opening, count: count)).isEmpty)
    }
  }

  @Test("Tags, merges, multiple documents and odd keys are refused")
  func odd() {
    for yaml in [
      "a: \"\\uD800\"", "a: \"\\U00110000\"", "!!map {train: {seed: 1}}", "train: !!map {seed: 1}",
      "train: {seed: !x 1}",
      "!x train: {seed: 1}", "train: {scales: !!seq [1]}", "<<: {seed: 1}", "? [a]\n: 1",
      "? {a: b}\n: 1", "train: {seed: ! 1}", "%YAML 1.1\n---\na: 1", "train: *undefined",
      "&a train: 1",
      "\0", "\u{FEFF}\u{FEFF}a", "a: \"\\x00\"", "a: |\n  b\n", "? ", ": ", "-", "---\n...\n---\n",
    ] {
      #expect(refusal(yaml, set: []).split(separator: "\n").count == 1, "\(yaml)")
    }
  }

  @Test("No mutation of a recipe crashes the reader or makes it slow")
  func mutations() throws {
    var state: UInt64 = 42
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    let seed = Array(try decode(small).resolvedYAML().utf8)
    let tokens = [
      "&a ", "*a", "!!int ", "[", "]", "{", "}", ": ", "- ", "\n", "\"", "'", "|", "#", "\t", "? ",
    ]
    var accepted = 0
    for _ in 0..<1500 {
      var bytes = seed
      for _ in 0...random(3) {
        let place = random(bytes.count)
        switch random(4) {
        case 0: bytes[place] = UInt8(random(256))
        case 1: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random(40)))
        case 2: bytes.insert(contentsOf: tokens[random(tokens.count)].utf8, at: place)
        default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 30)], at: place)
        }
      }
      guard let yaml = String(validating: bytes, as: UTF8.self) else { continue }
      do {
        let recipe = try decode(yaml)
        #expect(try decode(recipe.resolvedYAML()) == recipe)
        accepted += 1
      } catch {
        #expect(!error.description.contains("\n"))
      }
    }
    #expect(accepted > 5)
  }
}
