extension Recipe {
  /// The names of a graph's outputs: logits, and perhaps auxiliary logits.
  package struct Outputs: RecipeValue {
    /// The names; none: to be guessed.
    package var names: [String] = []

    /// None.
    package init() {}
  }
}

extension Recipe.Outputs {
  static let expected = "a list of one or two names, or []"

  init?(_ written: Written) {
    guard case .list(let values) = written.form, values.count <= 2 else { return nil }
    for value in values {
      guard let name = String(value), name == name.onOneLine, !names.contains(name) else {
        return nil
      }
      names.append(name)
    }
  }

  var yaml: String {
    // In quotes whatever it is: a name may look like a number or a word of YAML's.
    let quoted = names.map { $0.yaml.hasPrefix("\"") ? $0.yaml : "\"\($0)\"" }
    return "[" + quoted.joined(separator: ", ") + "]"
  }
}
