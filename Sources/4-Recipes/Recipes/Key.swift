/// One key of a recipe: its name, what may stand there, what it means and the property it sets.
///
/// The table of all keys (`Key.all`) is the only place that knows them. Reading, defaults, the resolved
/// recipe, the reference table, the nearest key and `--set` all follow from it. A key's default is the
/// initial value of its property.
package struct Key: Sendable {
  /// The name with its sections: `distill.ohem.threshold`.
  package let path: String
  /// What may stand there: `a number from 0 to 1`.
  package let expected: String
  /// The words that may stand there, if they are few.
  package let choices: [String]
  /// One line for the reference table.
  package let meaning: String
  /// What is wrong with a value that cannot be read, in words; nil where showing it says enough.
  let fault: @Sendable (Written) -> String?
  /// Reads a value into the recipe.
  let read: @Sendable (Written, inout Recipe) -> Outcome
  /// The value as YAML.
  package let yaml: @Sendable (Recipe) -> String

  /// What a change of its value does to a run that goes on.
  package private(set) var effect = Effect.numbers
  /// Whether earlier versions did without it, as it does at its default: the identity of a run then says
  /// nothing of it, and stays what it was.
  package private(set) var isAdded = false

  /// What a change of a key's value does to a run that goes on.
  package enum Effect: Sendable {
    /// It is another run, whose numbers are others.
    case numbers
    /// Nothing, as long as the files that the value names have the same contents.
    case contents
    /// No number changes.
    case nothing
  }

  /// What became of a written value.
  enum Outcome { case done, wrongType, outOfRange }

  /// The property of a key. Literal key paths are sendable; the type has to say so.
  typealias Member<Value> = WritableKeyPath<Recipe, Value> & Sendable

  /// A key with any value of its type.
  init<Value: RecipeValue>(_ path: String, _ member: Member<Value>, _ meaning: String) {
    self.init(path, Value.expected, meaning, Value.choices, fault: Value.fault) { written, recipe in
      guard let value = Value(written) else {
        return Value.choices.isEmpty || written.text == nil ? .wrongType : .outOfRange
      }
      recipe[keyPath: member] = value
      return .done
    } yaml: {
      $0[keyPath: member].yaml
    }
  }

  /// A key with a number of a range.
  init<Value: RecipeValue & Comparable>(
    _ path: String, _ member: Member<Value>, _ range: ClosedRange<Value>, _ meaning: String
  ) {
    self.init(path, "\(Value.expected) \(range.inWords)", meaning) { written, recipe in
      guard let value = Value(written) else { return .wrongType }
      guard range.contains(value) else { return .outOfRange }
      recipe[keyPath: member] = value
      return .done
    } yaml: {
      $0[keyPath: member].yaml
    }
  }

  /// A key with an integer of a range, whose least one also stands for a smaller one in older recipes.
  init(
    _ path: String, _ member: Member<Int>, _ range: ClosedRange<Int>, older: Int, _ meaning: String
  ) {
    self.init(path, "\(Int.expected) \(range.inWords)", meaning) { written, recipe in
      guard let value = Int(written) else { return .wrongType }
      guard range.contains(value) || value == older else { return .outOfRange }
      recipe[keyPath: member] = max(value, range.lowerBound)
      return .done
    } yaml: {
      $0[keyPath: member].yaml
    }
  }

  /// A key with an integer of a range or the word `auto`, which is nil.
  init(
    _ path: String, orAuto member: Member<Int?>, _ range: ClosedRange<Int>, _ meaning: String
  ) {
    self.init(path, "auto or an integer \(range.inWords)", meaning) { written, recipe in
      let value = Int(written)
      guard value != nil || written.word == "auto" else { return .wrongType }
      if let value, !range.contains(value) { return .outOfRange }
      recipe[keyPath: member] = value
      return .done
    } yaml: {
      $0[keyPath: member]?.yaml ?? "auto"
    }
  }

  /// A key with one of a few words or the word `auto`, which is nil.
  init<Value: RecipeChoice>(_ path: String, orAuto member: Member<Value?>, _ meaning: String) {
    self.init(path, Value.expected(with: "auto"), meaning, ["auto"] + Value.choices) {
      written, recipe in
      guard let text = written.text else { return .wrongType }
      let value = Value(written)
      guard value != nil || text == "auto" else { return .outOfRange }
      recipe[keyPath: member] = value
      return .done
    } yaml: {
      $0[keyPath: member]?.yaml ?? "auto"
    }
  }

  /// A key with a file or folder or the word `none`, which is nil.
  ///
  /// A relative path starts from the recipe's folder when the recipe says it, and from the current
  /// folder when `--set` does. The property gets the absolute path.
  init(_ path: String, path member: Member<String?>, _ meaning: String) {
    self.init(path, "a path or none", meaning) { written, recipe in
      if written.word == "none" || written.isEmpty && written.word != "" {
        recipe[keyPath: member] = nil
        return .done
      }
      guard let text = String(written) else { return .wrongType }
      recipe[keyPath: member] = absolutePath(text, from: written.place.folder)
      return .done
    } yaml: {
      $0[keyPath: member]?.yaml ?? "none"
    }
  }

  /// A key with a list of numbers of a range.
  init(
    _ path: String, _ member: Member<[Double]>, each range: ClosedRange<Double>,
    count: ClosedRange<Int>, _ meaning: String
  ) {
    let expected = "a list of \(count.lowerBound) to \(count.upperBound) numbers \(range.inWords)"
    self.init(path, expected, meaning) { written, recipe in
      guard let values = [Double](written) else { return .wrongType }
      guard count.contains(values.count), values.allSatisfy(range.contains) else {
        return .outOfRange
      }
      recipe[keyPath: member] = values
      return .done
    } yaml: {
      $0[keyPath: member].yaml
    }
  }

  /// This key, of which a run may go on with another value: it changes no number.
  var changingNothing: Key { having(.nothing) }

  /// This key, whose files are compared by their contents.
  var namingFiles: Key { having(.contents) }

  /// This key, which was added when there were runs already.
  var added: Key {
    var key = self
    key.isAdded = true
    return key
  }

  private func having(_ effect: Effect) -> Key {
    var key = self
    key.effect = effect
    return key
  }

  private init(
    _ path: String, _ expected: String, _ meaning: String, _ choices: [String] = [],
    fault: @escaping @Sendable (Written) -> String? = { _ in nil },
    read: @escaping @Sendable (Written, inout Recipe) -> Outcome,
    yaml: @escaping @Sendable (Recipe) -> String
  ) {
    self.path = path
    self.expected = expected
    self.choices = choices
    self.meaning = meaning
    self.fault = fault
    self.read = read
    self.yaml = yaml
  }
}

extension Key {
  /// All keys, in the order of the resolved recipe.
  package static let all: [Key] =
    [
      Key(
        "preset", \.preset,
        "official: as the published scripts compute, per rank. paper: the paper's formulas. Other keys "
          + "of the file win over it; after --set it wins over the file.")
    ]
    + data + student + teacher + train + distill + evaluation

  /// The keys by name.
  package static let named = Dictionary(uniqueKeysWithValues: all.map { ($0.path, $0) })

  /// The names of the sections, each with the key that a single word in its place stands for.
  static let sections: [String: String?] = {
    var sections: [String: String?] = [:]
    for key in all {
      var path = key.path[...]
      while let dot = path.lastIndex(of: ".") {
        path = path[..<dot]
        sections[String(path)] = .some(nil)
      }
    }
    sections["distill"] = "distill.method"
    return sections
  }()
}

extension ClosedRange where Bound: RecipeValue {
  /// `from 1 to 9`, or `of at least 1` when the upper end is only the type's.
  var inWords: String {
    if let top = upperBound as? Int, top == .max { return "of at least \(lowerBound.yaml)" }
    return "from \(lowerBound.yaml) to \(upperBound.yaml)"
  }
}
