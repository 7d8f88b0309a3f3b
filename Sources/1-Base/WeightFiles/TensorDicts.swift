import Files

/// The dicts of tensors in what a pickle holds, and which of them the weights are.
struct TensorDicts {
  /// A dict of tensors, by the keys that lead to it; none for the outermost dict.
  private typealias Candidate = (keys: [String], dict: PickleDict)

  private let root: PickleDict
  private let path: String
  private var candidates: [Candidate] = []
  private var visited: Set<ObjectIdentifier> = []

  /// Looks through the dicts below `value`, by text keys; an optimiser's state lies under numbers.
  init(_ value: PickleValue, path: String) throws(FileError) {
    guard let root = value.dict else {
      throw .refused(path, found: value.kind, expected: "a state_dict", advice: Self.advice(value))
    }
    guard !root.entries.isEmpty else {
      throw .refused(path, found: "an empty dict", expected: "a state_dict", advice: Self.advice)
    }
    self.root = root
    self.path = path
    look(root, [])
    if candidates.isEmpty,
      root.entries.contains(where: { $0.key.string != nil && $0.value.tensor != nil })
    {
      candidates = [([], root)]
    }
  }

  private mutating func look(_ dict: PickleDict, _ keys: [String]) {
    guard visited.insert(ObjectIdentifier(dict)).inserted else { return }
    let own = candidates.count
    if dict.tensorCount > 0 { candidates.append((keys, dict)) }
    for (key, value) in dict.entries {
      if let key = key.string, let inner = value.dict { look(inner, keys + [key]) }
    }
    // A tensor beside the weights, as a curve of losses, makes no state_dict of what holds both.
    guard dict.tensorCount > 0, candidates.count > own + 1 else { return }
    if candidates[(own + 1)...].contains(where: { $0.dict.tensorCount > dict.tensorCount }) {
      candidates.remove(at: own)
    } else {
      candidates.removeSubrange((own + 1)...)
    }
  }

  /// The weights: those under `key`, or the one dict of tensors, or that under `state_dict` or `model`.
  ///
  /// - Returns: the dict, and what a person should be told of the choice.
  func choose(_ key: String?) throws(FileError) -> (dict: PickleDict, note: String?) {
    guard let key else { return try chooseAlone() }
    let prefix = key + "."
    let fitting = candidates.filter {
      let name = Self.name($0)
      return name == key || name.hasPrefix(prefix)
    }
    guard let chosen = fitting.first(where: { Self.name($0) == key }) ?? fitting.first,
      fitting.count == 1 || Self.name(chosen) == key
    else {
      throw .refused(
        path, found: fitting.isEmpty ? "no dict of tensors under \(quoted(key))" : list(fitting),
        expected: fitting.isEmpty ? list(candidates) : "one of them after #",
        advice: "choose one as \(path)#KEY")
    }
    return (chosen.dict, nil)
  }

  /// Whether a dict of tensors lies at or below `key`.
  func contains(_ key: String) -> Bool {
    candidates.contains { Self.name($0) == key || Self.name($0).hasPrefix(key + ".") }
  }

  private func chooseAlone() throws(FileError) -> (dict: PickleDict, note: String?) {
    guard let first = candidates.first else { throw nothing }
    guard candidates.count > 1 else { return (first.dict, nil) }
    var dict = root
    while let inner = dict.last("state_dict")?.dict ?? dict.last("model")?.dict { dict = inner }
    guard let usual = candidates.first(where: { $0.dict === dict }) else {
      throw .refused(
        path, found: list(candidates), expected: "one dict of tensors",
        advice: "choose one as \(path)#\(Self.name(first))")
    }
    let others = candidates.filter { $0.dict !== dict }.prefix(6).map { "#" + Self.name($0) }
    let note =
      "\(oneLine(path)): the weights under \(quoted(Self.name(usual))) are taken; after the file's "
      + "name, \(oneLine(others.joined(separator: " or "))) would choose others"
    return (dict, note)
  }

  /// Why there are no weights: what the first entry is.
  private var nothing: FileError {
    guard let (key, value) = root.entries.first(where: { $0.value.isForeign }) ?? root.entries.first
    else { return .refused(path, found: "an empty dict", expected: "a state_dict") }
    let name = key.string ?? key.integer.map(String.init) ?? key.kind
    return .refused(
      path, "entry \(quoted(name))", found: "\(value.kind) under \(key.kind)",
      expected: "tensors under names", advice: Self.advice(value))
  }

  private func list(_ candidates: [Candidate]) -> String {
    guard !candidates.isEmpty else { return "a dict of tensors" }
    let shown = candidates.prefix(6).map { candidate in
      (candidate.keys.isEmpty ? "the outermost" : quoted(Self.name(candidate)))
        + " of \(candidate.dict.tensorCount) tensors"
    }
    let more = candidates.count > 6 ? " and \(candidates.count - 6) more" : ""
    return shown.joined(separator: ", ") + more
  }

  private static func name(_ candidate: Candidate) -> String {
    candidate.keys.joined(separator: ".")
  }

  /// What to do about something that is no dict of tensors.
  static func advice(_ value: PickleValue) -> String {
    guard value.isForeign else { return advice }
    let isNumpy = value.kind.contains("'numpy.")
    return "nothing was run; "
      + (isNumpy ? "make tensors of arrays (torch.from_numpy) and " : "") + advice
  }

  static let advice = "save the weights alone: torch.save(model.state_dict(), path)"
}

extension PickleDict {
  /// The tensors under names that are more than one number, as weights are and best scores are not.
  fileprivate var tensorCount: Int {
    entries.count { key, value in
      guard key.string != nil, let tensor = value.tensor else { return false }
      return !tensor.shape.isEmpty && tensor.storage.elementType.isFloat
    }
  }
}

extension PickleValue {
  /// Whether it would be an object that this module does not know.
  var isForeign: Bool {
    switch self {
    case .object, .global: true
    default: false
    }
  }
}
