import Foundation
import TestSupport

/// A Markdown file of the repository, as far as tests look at it.
struct Document {
  /// The repository's folder.
  static let root = Repository.root.path

  /// All that people read, relative to the repository.
  static let all: [String] =
    ["README.md", "cluster/README.md"]
    + ["Documentation", "Sources/7-Command/rdd/rdd.docc"].flatMap { folder in
      ((try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? [])
        .filter { $0.hasSuffix(".md") }.sorted().map { "\(folder)/\($0)" }
    }

  /// The lines of fenced blocks of shell commands, those that end in a backslash joined, comments left
  /// out.
  private(set) var commands: [String] = []
  /// What stands between single backticks.
  private(set) var spans: [String] = []
  /// Where links lead: a path or address, and what follows its `#`.
  private(set) var links: [(path: String, anchor: String?)] = []
  /// What `<doc:NAME>` names.
  private(set) var articles: [String] = []
  /// The anchors of the headings, as GitHub makes them.
  private(set) var anchors: Set<String> = []

  /// Reads a file of the repository.
  init(_ path: String) throws {
    self.init(text: try String(contentsOfFile: "\(Self.root)/\(path)", encoding: .utf8))
  }

  /// Takes a text apart.
  init(text: String) {
    var fence: Substring?
    var (command, prose) = ("", "")
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        fence = fence == nil ? line.dropFirst(3) : nil
        continue
      }
      guard let language = fence else {
        // What stands between backticks may go on in the next line.
        prose += line
        if prose.count(where: { $0 == "`" }) % 2 == 0 {
          read(prose[...])
          prose = ""
        } else {
          prose += " "
        }
        continue
      }
      guard language == "sh" else { continue }
      let part = Self.withoutComment(line)
      command += part.hasSuffix("\\") ? part.dropLast() : part
      guard !part.hasSuffix("\\") else { continue }
      if !command.isEmpty { commands.append(command) }
      command = ""
    }
  }

  /// Takes a line of prose apart.
  private mutating func read(_ line: Substring) {
    if line.hasPrefix("#") { anchors.insert(Self.anchor(line.drop { $0 == "#" })) }
    let parts = line.split(separator: "`", omittingEmptySubsequences: false)
    spans += parts.enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
    // A link's text may hold backticks, its target none.
    for match in line.matches(of: #/\]\(([^()\s#]*)(?:#([^()\s]*))?\)/#) {
      links.append((String(match.output.1), match.output.2.map(String.init)))
    }
    articles += line.matches(of: #/<doc:([A-Za-z]+)>/#).map { String($0.output.1) }
  }

  private static func withoutComment(_ line: Substring) -> Substring {
    if line.hasPrefix("#") { return "" }
    return line.firstRange(of: " #").map { line[..<$0.lowerBound] } ?? line
  }

  private static func anchor(_ heading: Substring) -> String {
    let text = heading.trimmingCharacters(in: .whitespaces).lowercased()
    return String(text.filter { $0.isLetter || $0.isNumber || "-_ ".contains($0) })
      .replacing(" ", with: "-")
  }
}
