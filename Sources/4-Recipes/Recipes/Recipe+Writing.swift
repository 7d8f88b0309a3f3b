extension Recipe {
  /// The whole recipe as YAML: every key in the table's order with its value, paths absolute.
  ///
  /// Reading it gives the same recipe.
  package func resolvedYAML() -> String {
    var lines: [String] = []
    var open: [Substring] = []
    for key in Key.all {
      let parts = key.path.split(separator: ".")
      let sections = parts.dropLast()
      var shared = 0
      while shared < min(open.count, sections.count), open[shared] == sections[shared] {
        shared += 1
      }
      for level in shared..<sections.count {
        lines.append(String(repeating: "  ", count: level) + sections[level] + ":")
      }
      open = Array(sections)
      let indent = String(repeating: "  ", count: sections.count)
      lines.append("\(indent)\(parts[parts.count - 1]): \(key.yaml(self))")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Every key as a row of a Markdown table: name, type, default, meaning.
  package static func referenceTable() -> String { referenceTable(of: Key.all) }

  /// Keys as rows of that table.
  package static func referenceTable(of keys: [Key]) -> String {
    let recipe = Recipe()
    var lines = ["| Key | Type | Default | Meaning |", "| --- | --- | --- | --- |"]
    for key in keys {
      let cells = ["`\(key.path)`", key.expected, "`\(key.yaml(recipe))`", key.meaning]
      lines.append("| " + cells.joined(separator: " | ") + " |")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The keys whose values differ between two recipes, in the table's order.
  package func differingKeys(from other: Recipe) -> [String] {
    Key.all.filter { $0.yaml(self) != $0.yaml(other) }.map(\.path)
  }

  /// A key's value as `resolvedYAML()` writes it; nil if there is no such key.
  package func value(ofKey path: String) -> String? {
    Key.all.first { $0.path == path }?.yaml(self)
  }

  /// The keys that differ between two recipes, a line each: `key: this one's value, the other's`.
  package func differences(from other: Recipe) -> [String] {
    Key.all.compactMap { key in
      let (mine, theirs) = (key.yaml(self), key.yaml(other))
      return mine == theirs ? nil : "\(key.path): \(mine), was \(theirs)"
    }
  }
}
