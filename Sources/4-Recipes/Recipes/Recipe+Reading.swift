import Files
import Foundation

extension Recipe {
  /// What a recipe is read for.
  package enum Purpose: Sendable {
    /// A run: every rule between keys must hold.
    case training
    /// A look at the student alone: it needs no teacher, and no method.
    case measuring
  }

  /// Reads a recipe file. Each wins over those before it: defaults, the file's preset, the file,
  /// a preset after `--set`, the other keys after `--set`.
  ///
  /// - Parameters:
  ///   - file: the recipe's path.
  ///   - overrides: what follows each `--set`: `key=value`, the last of a key wins.
  ///   - purpose: what it is read for.
  /// - Throws: the first mistake, as one line with its place.
  package static func load(
    _ file: String, overrides: [String] = [], for purpose: Purpose = .training
  ) throws(RecipeError) -> Recipe {
    let folder = absolutePath((file as NSString).deletingLastPathComponent, from: currentFolder)
    return try decode(
      yaml: try text(of: file), file: file, folder: folder, overrides: overrides, for: purpose)
  }

  /// Reads the text of a recipe.
  ///
  /// - Parameters:
  ///   - yaml: the text, at most 64 KiB; a byte order mark before it is skipped.
  ///   - file: its name for messages.
  ///   - folder: the absolute folder that relative paths in the text start from; those of `overrides`
  ///     start from the current folder.
  ///   - overrides: what follows each `--set`.
  ///   - purpose: what it is read for.
  /// - Throws: the first mistake, as one line with its place.
  package static func decode(
    yaml: String, file: String, folder: String = currentFolder, overrides: [String] = [],
    for purpose: Purpose = .training
  ) throws(RecipeError) -> Recipe {
    let hasMark = yaml.unicodeScalars.first == "\u{FEFF}"
    let yaml = hasMark ? String(yaml.unicodeScalars.dropFirst()) : yaml
    let root = try Written(yaml: yaml, name: file, folder: folder)
    let written = try settings(root, file: file)
    var overriding: [Setting] = []
    for override in overrides { overriding.append(try setting(override: override)) }

    // A preset stands where it is named: a file's below the file, an option's above it.
    var recipe = Recipe()
    let filePreset = try recipe.preset(among: written)
    let override = try recipe.preset(among: overriding)
    let settings =
      override == nil
      ? (filePreset ?? []) + written + overriding : written + (override ?? []) + overriding
    var places: [String: Place] = [:]
    for setting in settings {
      try setting.apply(to: &recipe)
      places[setting.key.path] = setting.value.place
    }
    recipe.deriveDefaults()
    if let conflict = recipe.firstConflict(for: purpose) ?? recipe.classesConflict {
      throw RecipeError(
        kind: conflict.kind, place: places[conflict.key]?.name ?? file,
        found: conflict.found, expected: conflict.expected, remedy: conflict.remedy)
    }
    return recipe
  }

  /// The current folder.
  package static var currentFolder: String { FileManager.default.currentDirectoryPath }

  /// The text of a file, read no further than a recipe may be long.
  private static func text(of file: String) throws(RecipeError) -> String {
    func unreadable(
      _ found: String, _ expected: String, _ remedy: String = "give the path of a recipe"
    ) -> RecipeError {
      RecipeError(
        kind: .unreadable, place: file, found: found, expected: expected, remedy: remedy)
    }
    let bytes: [UInt8]?
    do throws(FileError) {
      bytes = try WholeFile.bytes(file, prefix: RecipeLimits.bytes + 1)
    } catch {
      guard let cause = error.cause else {
        throw unreadable("a folder, device or pipe", "a regular file")
      }
      throw unreadable("\(cause)", "a file that this user can read")
    }
    guard let bytes else { throw unreadable("no file", "a YAML file") }
    // Of a longer text the last character may be cut: it is refused for its length.
    if bytes.count <= RecipeLimits.bytes, let found = TextBytes.fault(bytes) {
      throw unreadable(found, "text in UTF-8", "save it as such")
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// What the preset among settings sets; nil if none is named. The last one named counts.
  private mutating func preset(among settings: [Setting]) throws(RecipeError) -> [Setting]? {
    guard let named = settings.last(where: { $0.key.path == "preset" }) else { return nil }
    try named.apply(to: &self)
    return preset.settings.compactMap { name, value in
      Key.named[name].map { key in
        let place = Place(name: "preset \(preset.rawValue)", folder: "/")
        return Setting(
          key: key, value: Written(form: .scalar(value, isQuoted: false), place: place))
      }
    }
  }
}

/// A key and what is written for it.
private struct Setting {
  var key: Key
  var value: Written

  func apply(to recipe: inout Recipe) throws(RecipeError) {
    let outcome = key.read(value, &recipe)
    if outcome == .done { return }
    var remedy = "correct the value"
    if let text = value.text, !value.isEmpty,
      let choice = Bool.word(for: text, among: key.choices) ?? nearest(to: text, among: key.choices)
    {
      remedy = "did you mean \(choice)?"
    }
    throw RecipeError(
      kind: outcome == .wrongType ? .wrongType : .outOfRange, place: value.place.name,
      found: "\(key.path): \(key.fault(value) ?? value.description)", expected: key.expected,
      remedy: remedy)
  }
}

/// The settings of a file, in its order.
private func settings(_ root: Written, file: String) throws(RecipeError) -> [Setting] {
  if root.isEmpty { return [] }
  guard case .section = root.form else {
    throw RecipeError(
      kind: .wrongType, place: root.place.name, found: root.description,
      expected: "sections of keys", remedy: "write lines like 'train:' and '  iterations: 1000'")
  }
  var settings: [Setting] = []
  var seen: Set<String> = []
  func collect(_ written: Written, prefix: String) throws(RecipeError) {
    guard case .section(let entries) = written.form else { return }
    for entry in entries {
      let path = prefix + entry.key
      var value = entry.value
      value.place = entry.place
      if Key.sections[path] != nil, case .section = value.form {
        try collect(value, prefix: path + ".")
      } else if Key.sections[path] == nil || !value.isEmpty {
        let setting = Setting(key: try key(path, at: entry.place, value), value: value)
        guard seen.insert(setting.key.path).inserted else {
          throw RecipeError(
            kind: .duplicateKey, place: entry.place.name, found: "\(setting.key.path) again",
            expected: "every key once", remedy: "remove one of them")
        }
        settings.append(setting)
      }
    }
  }
  try collect(root, prefix: "")
  return settings
}

/// The setting of one `--set`.
private func setting(override: String) throws(RecipeError) -> Setting {
  let place = Place(name: "--set \(override)", folder: Recipe.currentFolder)
  guard let equals = override.firstIndex(of: "=") else {
    throw RecipeError(
      kind: .syntax, place: place.name, found: "no '='", expected: "key=value",
      remedy: "write for example --set train.iterations=1000")
  }
  let path = String(override[..<equals])
  let text = String(override[override.index(after: equals)...])
  // Only lists have a syntax of their own; all else is taken as it stands, paths above all.
  let value =
    text.hasPrefix("[")
    ? try Written(yaml: text, name: place.name, folder: place.folder, isFile: false)
    : Written(form: .scalar(text, isQuoted: false), place: place)
  return Setting(key: try key(path, at: place, value), value: value)
}

/// The key of a name, or of the one word that stands for a section.
private func key(_ path: String, at place: Place, _ value: Written) throws(RecipeError) -> Key {
  if let key = Key.named[path] { return key }
  if let section = Key.sections[path] {
    if let short = section, let key = Key.named[short], value.text != nil { return key }
    throw RecipeError(
      kind: .wrongType, place: place.name, found: "\(path): \(value.description)",
      expected: "a section of keys",
      remedy: "write the keys of \(path) below it, or \(path).KEY=VALUE after --set")
  }
  throw RecipeError(
    kind: .unknownKey, place: place.name, found: path.quotedForMessage,
    expected: "a key of `rdd recipe-keys`", remedy: remedy(for: path))
}

/// What to do about a key that does not exist.
private func remedy(for path: String) -> String {
  if let familiar = FamiliarNames.remedy(for: path) { return familiar }
  let names = Key.all.map(\.path) + Key.sections.keys.sorted()
  if let near = nearest(to: path, among: names) { return "did you mean \(near)?" }
  let section = path.prefix { $0 != "." }
  return Key.sections[String(section)] == nil
    ? "correct the name" : "`rdd recipe-keys \(section)` prints those of the section"
}

/// The absolute form of a path, without `.` and `..`; `~/` is the user's folder.
func absolutePath(_ path: String, from folder: String) -> String {
  if path.isEmpty { return folder }
  let path = fromHome(path)
  let joined = path.hasPrefix("/") ? path : folder + "/" + path
  var parts: [Substring] = []
  for part in joined.split(separator: "/") where part != "." {
    if part == ".." { _ = parts.popLast() } else { parts.append(part) }
  }
  return "/" + parts.joined(separator: "/")
}

/// A path in which a leading `~/` is the user's folder, as a shell would have it: HOME, or else what the
/// system's list of users says. `~name` stays as it is.
package func fromHome(_ path: String) -> String {
  guard path.hasPrefix("~/"), let home = homeFolder, home.hasPrefix("/") else { return path }
  return home + path.dropFirst()
}

private var homeFolder: String? {
  if let home = ProcessInfo.processInfo.environment["HOME"], !home.isEmpty { return home }
  return getpwuid(geteuid())?.pointee.pw_dir.map { String(cString: $0) }
}
