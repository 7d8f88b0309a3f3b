import ArgumentParser
import Files
import Foundation
import Methods
import Recipes
import Runs
import Tools

/// `rdd recipe-keys`: the reference of recipes, as Documentation/recipe-keys.md holds it.
struct RecipeKeys: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print keys of a recipe and options of methods with their defaults and meanings.",
    discussion: """
      Without a name all of them. Text on a terminal, else tables of Markdown.

        rdd recipe-keys train
        rdd recipe-keys distill.ohem data.format cwd
        rdd recipe-keys --markdown > keys.md
      """)

  @Argument(
    help: ArgumentHelp("A key, a section of keys, a method, or methods.", valueName: "name"),
    completion: .list(Reference.names))
  var names: [String] = []

  @Flag(help: "Print tables of Markdown on a terminal too.")
  var markdown = false

  func run() throws {
    let reference = try names.isEmpty ? Reference() : Reference(names)
    guard isatty(STDOUT_FILENO) == 1, !markdown else {
      return Console.print(reference.markdown, terminator: "")
    }
    Console.print(reference.text(columns: min(Terminal.columnsOfResults ?? 80, 100)))
  }
}

/// Keys and methods that are told.
private struct Reference {
  private var keys = Key.all
  private var cards = MethodTable.cards

  /// All of them.
  init() {}

  /// Those of the names.
  ///
  /// - Throws: `ValidationError` for a name of nothing.
  init(_ names: [String]) throws {
    keys = []
    cards = []
    for name in names {
      let path = FamiliarNames.key(of: name) ?? name
      let ofName = Key.all.filter { Self.names($0.path, path) }
      let methods = MethodTable.cards.filter { $0.name == name || name == "methods" }
      guard !ofName.isEmpty || !methods.isEmpty else {
        let near = nearest(to: name, among: Self.names)
        throw ValidationError(
          "recipe-keys: found '\(name.prefix(80))'; expected a key, a section or a method; "
            + (near.map { "did you mean \($0)?" } ?? "rdd recipe-keys prints all"))
      }
      keys += ofName.filter { key in !keys.contains { $0.path == key.path } }
      cards += methods.filter { card in !cards.contains { $0.name == card.name } }
    }
  }

  /// Whether a name is that of a key, of a section around it, or its own last part.
  private static func names(_ key: String, _ name: String) -> Bool {
    key == name || key.hasPrefix(name + ".") || key.hasSuffix("." + name)
  }

  /// What can be asked for.
  static let names: [String] = {
    let keys = Key.all.map(\.path)
    let sections = keys.flatMap { key in
      key.indices.filter { key[$0] == "." }.map { String(key[..<$0]) }
    }
    return keys + Set(sections).sorted() + ["methods"] + MethodTable.names
  }()

  /// Tables, as documents hold them.
  var markdown: String {
    [
      keys.isEmpty ? "" : Recipe.referenceTable(of: keys),
      cards.isEmpty ? "" : MethodTable.reference(of: cards),
    ].filter { !$0.isEmpty }.joined(separator: "\n")
  }

  /// Text for people: a line of name and default, and below it what may stand there and what it means.
  func text(columns: Int) -> String {
    let recipe = Recipe()
    var entries = keys.map { key in
      ("\(key.path): \(key.yaml(recipe))", ["\(key.expected).", key.meaning])
    }
    for card in cards {
      entries.append(
        (
          "\(card.name), a method of distill.methods",
          ["weight \(card.weight); needs \(card.needs.words); \(card.source).", "\(card.title)."]
        ))
      entries += card.options.map { option in
        let head = "\(card.name): \(option.name): \(option.initial)"
        return (head, ["\(option.expected).", option.meaning])
      }
    }
    return entries.map { head, texts in
      ([head] + texts.flatMap { $0.lines(of: columns - 4).map { "    " + $0 } })
        .joined(separator: "\n")
    }.joined(separator: "\n\n")
  }
}
