import Yams

/// A JSON schema, as far as the project's use it: types, constants, ranges, patterns, references.
struct Schema {
  private let root: Node

  /// Reads a schema from YAML.
  init(yaml: String) throws {
    guard let node = try Yams.compose(yaml: yaml) else { throw Missing() }
    root = node
  }

  struct Missing: Error {}

  /// What is wrong with a document, each with its place; empty if nothing is.
  func faults(in document: Node) -> [String] { faults(document, root, "$") }

  private func faults(_ value: Node, _ schema: Node, _ place: String) -> [String] {
    if let name = schema["$ref"]?.string?.split(separator: "/").last,
      let target = root["$defs"]?[String(name)]
    {
      return faults(value, target, place)
    }
    var found: [String] = []
    if let type = schema["type"]?.string, !Self.isOf(type, value) {
      return ["\(place): expected \(type)"]
    }
    if let constant = schema["const"], constant.any as? AnyHashable != value.any as? AnyHashable {
      found.append("\(place): expected \(constant.string ?? "another value")")
    }
    if let choices = schema["enum"]?.array(),
      !choices.contains(where: { $0.string == value.string })
    {
      found.append("\(place): expected one of \(choices.compactMap(\.string))")
    }
    if let least = schema["minimum"]?.int, value.int ?? least < least {
      found.append("\(place): expected at least \(least)")
    }
    if let pattern = schema["pattern"]?.string, let text = value.string,
      (try? Regex(pattern).firstMatch(in: text)) == nil
    {
      found.append("\(place): \(text): expected a match of \(pattern)")
    }
    if let items = schema["items"], let values = value.sequence {
      for (index, item) in values.enumerated() {
        found += faults(item, items, "\(place)[\(index)]")
      }
      if values.count < schema["minItems"]?.int ?? 0 { found.append("\(place): too few") }
    }
    if let mapping = value.mapping { found += fieldFaults(mapping, schema, place) }
    return found
  }

  private func fieldFaults(_ mapping: Node.Mapping, _ schema: Node, _ place: String) -> [String] {
    var found: [String] = []
    for name in schema["required"]?.array().compactMap(\.string) ?? []
    where mapping[Node(name)] == nil {
      found.append("\(place).\(name): missing")
    }
    for (key, value) in mapping {
      let name = key.string ?? ""
      if let field = schema["properties"]?[name] {
        found += faults(value, field, "\(place).\(name)")
      } else if schema["additionalProperties"]?.bool == false {
        found.append("\(place).\(name): unknown field")
      }
    }
    return found
  }

  private static func isOf(_ type: String, _ value: Node) -> Bool {
    switch type {
    case "object": value.mapping != nil
    case "array": value.sequence != nil
    case "integer": value.tag.description.hasSuffix(":int")
    case "boolean": value.tag.description.hasSuffix(":bool")
    case "string": value.tag.description.hasSuffix(":str")
    default: false
    }
  }
}
