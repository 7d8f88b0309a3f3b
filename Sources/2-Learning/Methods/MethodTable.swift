/// The methods by name: the only place that lists them.
package enum MethodTable {
  /// All methods, in the order of documents.
  package static var all: [any Distiller.Type] {
    [
      PixelDistillation.self, AttentionTransfer.self, FitNet.self, ChannelWise.self,
      Structured.self, IntraClassVariation.self, DoubleSimilarity.self, CrossImage.self,
      Correlation.self, Speculative.self, RelationalRepresentation.self, AdaptiveTeaching.self,
      CorrelationDistance.self, AugmentedViews.self, LightweightTeacher.self,
      TeacherAdaptation.self, InputGradients.self, InformationFlow.self,
    ]
  }

  /// The names in recipes.
  package static var names: [String] { all.map { $0.card.name } }

  /// The cards.
  package static var cards: [MethodCard] { all.map { $0.card } }

  /// Stops at the first of a recipe's methods that does not exist, stands twice, has an option that
  /// cannot be, or excludes another.
  package static func check(_ chosen: [ChosenMethod]) throws(MethodError) {
    var seen: Set<String> = []
    for choice in chosen {
      let card = try type(of: choice).card
      _ = try MethodOptions(choice, card)
      guard seen.insert(card.name).inserted else {
        throw MethodError(
          "methods exclude each other", place: choice.place, found: "\(card.name) twice",
          expected: "every method once", remedy: "remove one of them")
      }
      if let other = card.excludes.first(where: { name in chosen.contains { $0.name == name } }) {
        throw MethodError(
          "methods exclude each other", place: choice.place, found: "\(card.name) and \(other)",
          expected: "one of them", remedy: "remove the other")
      }
    }
  }

  /// The method of a name.
  static func type(of choice: ChosenMethod) throws(MethodError) -> any Distiller.Type {
    guard let type = all.first(where: { $0.card.name == choice.name }) else {
      throw MethodError(
        "unknown method", place: choice.place, found: "'\(choice.name.prefix(40))'",
        expected: names.joined(separator: ", "), remedy: "correct the name")
    }
    return type
  }

  /// Methods and their options as Markdown.
  package static func reference(of cards: [MethodCard] = cards) -> String {
    var lines = ["| Method | Weight | What it aligns | Needs | Source |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for card in cards {
      lines.append(
        "| `\(card.name)` | \(card.weight) | \(card.title) | \(card.needs.words) | \(card.source) |"
      )
    }
    guard cards.contains(where: { !$0.options.isEmpty }) else {
      return lines.joined(separator: "\n") + "\n"
    }
    lines += ["", "| Option | Values | Default | Meaning |", "| --- | --- | --- | --- |"]
    for card in cards {
      for option in card.options {
        lines.append(
          "| `\(card.name)`: `\(option.name)` | \(option.expected) | `\(option.initial)` | "
            + "\(option.meaning) |")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
