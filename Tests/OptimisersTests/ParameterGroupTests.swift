import Optimisers
import Testing

@Suite struct ParameterGroupTests {
  @Test(
    arguments: [
      ("head.weight", "head.weight", true), ("head.weight", "head.weights", false),
      ("*", "a.b", true), ("*", "", true), ("", "", true), ("", "a", false),
      ("*.bias", "layer1.0.bn1.bias", true), ("*.bias", "bias", false),
      ("*bias*", "bias", true), ("layer*.bn*.weight", "layer1.0.bn1.weight", true),
      ("layer*.bn*.weight", "layer1.0.conv1.weight", false), ("a*a", "a", false),
      ("a*a", "aa", true), ("*ab", "aab", true), ("a**b", "ab", true), ("*a*b*", "xbxaxb", true),
      ("*a*b*", "xbxa", false), ("head.", "head.x", false), ("head.*.x", "head.x", false),
    ])
  func aStarIsAnyText(_ pattern: String, _ name: String, _ fits: Bool) {
    #expect(ParameterGroup(match: pattern).matches(name) == fits)
  }

  @Test func factorsOfAllGroupsAreMultiplied() {
    let groups = [
      ParameterGroup(match: "head.*", rate: 10), ParameterGroup(match: "*.bias", rate: 2, decay: 0),
      ParameterGroup(match: "*norm*", decay: 0.5),
    ]
    #expect(groups.factors(of: "head.weight") == (10, 1))
    #expect(groups.factors(of: "head.norm.weight") == (10, 0.5))
    #expect(groups.factors(of: "head.norm.bias") == (20, 0))
    #expect(groups.factors(of: "body.weight") == (1, 1))
    let names = ["head.weight", "body.bias"]
    #expect(groups.firstWithoutMatch(in: names)?.match == "*norm*")
    #expect(groups.firstWithoutMatch(in: names + ["norm"]) == nil)
  }
}
