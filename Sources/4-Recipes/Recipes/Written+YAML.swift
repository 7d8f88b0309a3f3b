import Yams

/// What a recipe's text may not exceed.
package enum RecipeLimits {
  /// Bytes of one recipe, or of one `--set`.
  package static let bytes = 64 << 10
  /// Sections and lists inside each other.
  package static let depth = 6
  /// Stars in front of a name. More could not be comments; aliases of aliases grow like 2^n.
  static let stars = 16
}

extension Written {
  /// Reads the strict part of YAML that recipes use: sections, lists and scalars; no anchors, aliases
  /// or tags, one document, every key once.
  ///
  /// - Parameters:
  ///   - yaml: the text, at most `RecipeLimits.bytes`.
  ///   - name: the file's name, or the option, for messages.
  ///   - folder: the absolute folder that relative paths start from.
  ///   - isFile: whether messages name a line of the text.
  /// - Throws: `RecipeError` of the kinds `limit`, `syntax` and `duplicateKey`.
  init(yaml: String, name: String, folder: String, isFile: Bool = true) throws(RecipeError) {
    var reader = Reader(name: name, folder: folder, isFile: isFile)
    self = try reader.read(yaml)
  }
}

/// Turns the nodes of Yams into `Written`, refusing what a recipe has no use for.
private struct Reader {
  let name: String
  let folder: String
  let isFile: Bool

  mutating func read(_ yaml: String) throws(RecipeError) -> Written {
    if yaml.utf8.count > RecipeLimits.bytes {
      throw limit(
        found: "\(yaml.utf8.count) bytes", expected: "at most \(RecipeLimits.bytes) bytes",
        remedy: "is this the right file?")
    }
    // Yams hashes keys, and a key made of aliases of aliases would take for ever: bounded here,
    // refused with its line below.
    if yaml.aliasSigns > RecipeLimits.stars {
      throw limit(
        found: "more than \(RecipeLimits.stars) names with a star in front", expected: "no aliases",
        remedy: "write the values out")
    }
    do {
      // The basic resolver leaves plain text as text; the types are ours. UTF-8 is named because
      // the default asks the environment. The parser owns the anchors that the nodes point to.
      let parser = try Parser(yaml: yaml, resolver: .basic, encoding: .utf8)
      return try withExtendedLifetime(parser) {
        guard let root = try parser.singleRoot() else {
          return Written(form: .section([]), place: place(1))
        }
        return try written(root, depth: 0)
      }
    } catch let error as RecipeError {
      throw error
    } catch let error as YamlError {
      throw syntax(error, yaml)
    } catch {
      throw RecipeError(
        kind: .syntax, place: name, found: "\(error)", expected: "YAML", remedy: "correct the text")
    }
  }

  private func place(_ line: Int) -> Place {
    Place(name: isFile ? "\(name):\(line)" : name, folder: folder)
  }

  private func limit(
    at place: String? = nil, found: String, expected: String, remedy: String
  ) -> RecipeError {
    RecipeError(
      kind: .limit, place: place ?? name, found: found, expected: expected, remedy: remedy)
  }

  private func written(_ node: Node, depth: Int) throws(RecipeError) -> Written {
    let place = place(node.mark?.line ?? 1)
    if let anchor = node.anchor {
      throw limit(
        at: place.name, found: "the anchor '&\(anchor.rawValue)'",
        expected: "no anchors and aliases", remedy: "write the value out")
    }
    if depth > RecipeLimits.depth {
      throw limit(
        at: place.name, found: "more than \(RecipeLimits.depth) levels",
        expected: "sections of keys", remedy: "remove the nesting")
    }
    switch node {
    case .scalar(let scalar):
      try refuse(scalar.tag.rawValue, unless: scalar.style == .plain ? [""] : ["", textTag], place)
      return Written(
        form: .scalar(scalar.string, isQuoted: scalar.style != .plain), place: place)
    case .sequence(let sequence):
      try refuse(sequence.tag.rawValue, unless: [""], place)
      var values: [Written] = []
      for value in sequence { values.append(try written(value, depth: depth + 1)) }
      return Written(form: .list(values), place: place)
    case .mapping(let mapping):
      try refuse(mapping.tag.rawValue, unless: [""], place)
      var entries: [Written.Entry] = []
      for (key, value) in mapping { entries.append(try entry(key, value, depth: depth + 1)) }
      return Written(form: .section(entries), place: place)
    case .alias:
      throw limit(
        at: place.name, found: "an alias", expected: "no anchors and aliases",
        remedy: "write the value out")
    }
  }

  private func entry(
    _ key: Node, _ value: Node, depth: Int
  ) throws(RecipeError) -> Written.Entry {
    let place = place(key.mark?.line ?? 1)
    guard case .scalar(let name) = key, key.anchor == nil else {
      throw limit(
        at: place.name, found: "a key that is no plain word", expected: "key: value",
        remedy: "write the key's name")
    }
    // Comparing the keys has given untagged ones the tag of text.
    try refuse(name.tag.rawValue, unless: ["", textTag], place)
    return Written.Entry(
      key: name.string, place: place, value: try written(value, depth: depth))
  }

  private func refuse(
    _ tag: String, unless allowed: [String], _ place: Place
  ) throws(RecipeError) {
    if allowed.contains(tag) { return }
    throw limit(
      at: place.name, found: "the tag \(tag.quotedForMessage)", expected: "no tags",
      remedy: "remove the tag; a key's type is fixed")
  }

  private var textTag: String { "tag:yaml.org,2002:str" }

  /// The one line for a mistake that Yams found.
  private func syntax(_ error: YamlError, _ yaml: String) -> RecipeError {
    var kind = RecipeError.Kind.syntax
    var line: Int?
    var found = "\(error)"
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      let lines = yaml.split(separator: "\n", omittingEmptySubsequences: false)
      let text = mark.line <= lines.count ? String(lines[mark.line - 1]) : ""
      line = mark.line
      found = (text.isEmpty ? "the end of the text" : text.quotedForMessage) + " (\(problem))"
    case .reader(let problem, let offset, _, _):
      line = offset.map { 1 + yaml.prefix($0).count(where: \.isNewline) }
      found = problem
    case .duplicatedKeysInMapping(let keys, let context):
      kind = .duplicateKey
      line = context.mark.line
      found = "\((keys.first ?? "").quotedForMessage) here and again below"
    default: break
    }
    return RecipeError(
      kind: kind, place: line.map { place($0).name } ?? name, found: found,
      expected: kind == .duplicateKey ? "every key once" : "lines of 'key: value'",
      remedy: kind == .duplicateKey ? "remove one of them" : "correct the line")
  }
}

extension String {
  /// How many stars stand directly in front of a name: an upper bound of the aliases.
  fileprivate var aliasSigns: Int {
    zip(unicodeScalars, unicodeScalars.dropFirst()).count { star, next in
      star == "*"
        && (next.properties.isAlphabetic || ("0"..."9").contains(next)
          || "_-".unicodeScalars.contains(next))
    }
  }
}
