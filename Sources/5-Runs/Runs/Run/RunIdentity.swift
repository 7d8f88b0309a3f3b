import Methods
import Networks
import Recipes
import Steps
import WeightFiles

/// What a run is made of. Its checkpoints carry it, so that no other run goes on from them.
package struct RunIdentity: Equatable, Sendable {
  /// A part, under the name by which a difference is accepted.
  package enum Part: String, CaseIterable, Sendable {
    /// How this program computes: the same recipe gave other numbers before.
    case format
    /// The keys that change numbers.
    case recipe
    /// The weights that the student starts from.
    case student
    /// The teacher's weights.
    case teacher
    /// What methods start from, and the networks that they read.
    case methods
    /// The training images and labels, in their order.
    case data
    /// The images and labels that the student is measured on.
    case validation

    /// One that is not the same.
    fileprivate var otherInWords: String {
      switch self {
      case .format: "another format of the program"
      case .recipe: "another recipe"
      case .student: "other weights that the student starts from"
      case .teacher: "another teacher"
      case .methods: "another start of the methods"
      case .data: "other training data"
      case .validation: "other validation data"
      }
    }
  }

  /// A part that is not what it was.
  package struct Difference: Equatable {
    /// Which part.
    package let part: Part
    /// What changed, where more is known than that something did.
    package var detail: String?

    /// Part and detail, in words.
    package var text: String { part.otherInWords + (detail.map { " (\($0))" } ?? "") }
  }

  /// Raised when the same recipe gives other numbers than before, other than by rounding.
  private static let format = "1"
  private static let prefix = "run."

  private let parts: [Part: String]
  /// A hash of the networks that methods read, which no other key of the recipe changes; nil in files
  /// of earlier versions.
  private let readByMethods: String?
  private static let readByMethodsKey = prefix + "read_by_methods"
  /// A hash of the differences that were accepted on the way here, each with its iteration; nil for a run
  /// that always was what it is, and in files of earlier versions.
  package private(set) var accepted: String?
  /// The key of `accepted` in a file's metadata.
  package static let acceptedKey = prefix + "accepted"

  /// The identity of a run.
  ///
  /// - Parameters:
  ///   - recipe: its recipe.
  ///   - hashes: of the other parts; those that it does not have are left out.
  ///   - readByMethods: a hash of the networks that methods read.
  package init(_ recipe: Recipe, hashes: [Part: String], readByMethods: String? = nil) {
    var parts = hashes
    parts[.format] = Self.format
    parts[.recipe] = Self.text(recipe)
    self.parts = parts
    self.readByMethods = readByMethods
  }

  /// The identity in a file's metadata; nil if it has none, as files of earlier versions.
  package init?(metadata: [String: String]) {
    guard metadata[Self.prefix + Part.format.rawValue] != nil else { return nil }
    parts = Part.allCases.reduce(into: [:]) { $0[$1] = metadata[Self.prefix + $1.rawValue] }
    readByMethods = metadata[Self.readByMethodsKey]
    accepted = metadata[Self.acceptedKey]
  }

  /// The identity as metadata of a file.
  package var metadata: [String: String] {
    var metadata = Dictionary(
      uniqueKeysWithValues: parts.map { (Self.prefix + $0.key.rawValue, $0.value) })
    metadata[Self.readByMethodsKey] = readByMethods
    metadata[Self.acceptedKey] = accepted
    return metadata
  }

  /// A hash of all parts, and of what was accepted.
  package var digest: String {
    var lines = parts.map { "\(Self.prefix)\($0.key.rawValue)=\($0.value)" }
    if let accepted { lines.append("\(Self.acceptedKey)=\(accepted)") }
    return FileHash.of(lines.sorted().joined())
  }

  /// This identity, which was not gone on with yet, for a run that goes on.
  ///
  /// - Parameters:
  ///   - earlier: the run that the checkpoint was saved by; nil where it does not say.
  ///   - iteration: the iterations that are done, where differences were accepted; nil where there were none.
  package func goingOn(from earlier: RunIdentity?, acceptedAfter iteration: Int?) -> RunIdentity {
    var identity = self
    identity.accepted =
      iteration.map { FileHash.of("\(earlier?.digest ?? "") \($0) \(digest)") } ?? earlier?.accepted
    return identity
  }

  /// This identity with what the metadata of a run's weights say was accepted.
  package func goingOn(fromWeights metadata: [String: String]) -> RunIdentity {
    var identity = self
    identity.accepted = metadata[Self.acceptedKey]
    return identity
  }

  /// The keys that change numbers, a line each. Files are compared by content, not by name.
  private static func text(_ recipe: Recipe) -> String {
    var recipe = recipe
    recipe.distill.methods = recipe.distill.methods.withoutFiles
    for network in [\Recipe.student.network, \Recipe.teacher.network]
    where recipe[keyPath: network].graphPath != nil {
      recipe[keyPath: network] = .graph("file.onnx")
    }
    let defaults = Recipe()
    return Key.all.filter { key in
      key.effect == .numbers && !(key.isAdded && key.yaml(recipe) == key.yaml(defaults))
    }
    .map { "\($0.path): \($0.yaml(recipe))" }.joined(separator: "\n")
  }

  /// What this run has that an earlier one had not.
  ///
  /// Parts that follow from the recipe (what a seed draws) are not told beside it.
  ///
  /// - Parameters:
  ///   - earlier: the run that a checkpoint was saved by.
  ///   - ignored: keys that may differ here.
  package func differences(from earlier: RunIdentity, ignoring ignored: Set<String> = [])
    -> [Difference]
  {
    let keys = Self.changedKeys(parts[.recipe] ?? "", earlier.parts[.recipe] ?? "")
      .filter { !ignored.contains($0.key) }
    return Part.allCases.compactMap { part in
      switch part {
      case .recipe:
        return keys.isEmpty
          ? nil : Difference(part: part, detail: keys.map(\.text).joined(separator: "; "))
      case .methods where !keys.isEmpty:
        guard let mine = readByMethods, let other = earlier.readByMethods else { return nil }
        return mine != other ? Difference(part: part) : nil
      case .student, .methods:
        return keys.isEmpty && parts[part] != earlier.parts[part] ? Difference(part: part) : nil
      case .data, .validation:
        return isComparable(part, with: earlier) && parts[part] != earlier.parts[part]
          ? Difference(part: part) : nil
      case .teacher where Self.way(parts[part]) == "seed" && !keys.isEmpty: return nil
      case .format, .teacher:
        return parts[part] != earlier.parts[part] ? Difference(part: part) : nil
      }
    }
  }

  /// Whether a part was hashed in the same way: contents do not compare with sizes.
  func isComparable(_ part: Part, with earlier: RunIdentity) -> Bool {
    Self.way(parts[part]) == Self.way(earlier.parts[part])
  }

  /// Where a part's hash comes from: what stands before its colon.
  private static func way(_ hash: String?) -> Substring? { hash?.prefix { $0 != ":" } }

  private static func changedKeys(
    _ now: String, _ earlier: String
  ) -> [(key: String, text: String)] {
    func values(_ text: String) -> [String: String] {
      text.split(separator: "\n").reduce(into: [:]) { values, line in
        guard let colon = line.firstIndex(of: ":") else { return }
        // Earlier checkpoints have the paths of methods' files.
        values[String(line[..<colon])] = String(line[colon...].dropFirst(2))
          .replacing(#/, [a-z_]+: \/[^,}]*/#, with: "")
      }
    }
    let (mine, theirs) = (values(now), values(earlier))
    let defaults = Recipe()
    return Set(mine.keys).union(theirs.keys).sorted().compactMap { key in
      // A key that one of the two programs does not have stands at its default there.
      let fallback = Key.named[key]?.yaml(defaults)
      let (value, old) = (mine[key] ?? fallback, theirs[key] ?? fallback)
      return value == old
        ? nil : (key, "\(key): \(value ?? "no such key"), was \(old ?? "no such key")")
    }
  }
}

extension RunIdentity {
  /// The identity of a run before anything of it was restored.
  ///
  /// - Parameters:
  ///   - recipe: its recipe.
  ///   - student: with its starting weights.
  ///   - teacher: what it learns from, if there is one.
  ///   - methods: as they start.
  ///   - frozen: the networks that methods have read.
  ///   - data: the hashes of training and validation lists.
  init(
    _ recipe: Recipe, _ student: SegmentationNetwork, _ teacher: SegmentationNetwork?,
    _ methods: MethodSuite?, _ frozen: FrozenNetworks, _ data: [DataHashes]
  ) {
    var hashes: [Part: String] = [
      .student: FileHash.of(student.hash), .data: data[0].digest,
      .validation: data[1].digest,
    ]
    let isDrawn = recipe.teacher.weights == nil && teacher?.graph == nil
    let source = isDrawn ? "seed" : "file"
    hashes[.teacher] = (teacher?.hash).map { "\(source):\(FileHash.of($0))" }
    hashes[.methods] = methods.map { suite in
      let own = suite.entries.map { StoredTensor(name: $0.name, $0.tensor).contentHash }
      return FileHash.of((own + frozen.hashes).joined(separator: " "))
    }
    self.init(
      recipe, hashes: hashes,
      readByMethods: methods.map { _ in FileHash.of(frozen.hashes.joined(separator: " ")) })
  }
}
