import Foundation

/// What the program says of a command: its options, and the commands below it.
struct CommandHelp: Decodable {
  let commandName: String
  let subcommands: [CommandHelp]?
  private let arguments: [Argument]?

  private struct Argument: Decodable {
    let names: [Name]?
  }

  private struct Name: Decodable {
    let kind: String
    let name: String
  }

  /// The long options, without their dashes.
  var options: Set<String> {
    Set((arguments ?? []).flatMap { $0.names ?? [] }.filter { $0.kind == "long" }.map(\.name))
  }

  /// Reads what `rdd --experimental-dump-help` prints.
  init(dump: String) throws {
    struct Dump: Decodable { let command: CommandHelp }
    self = try JSONDecoder().decode(Dump.self, from: Data(dump.utf8)).command
  }
}

/// Looks for commands, options, keys and files in what documents show, and for those that there are not.
struct ShownCommands {
  /// The command `rdd`.
  let program: CommandHelp
  /// The keys of recipes.
  let keys: Set<String>
  /// The commands of `rdd` that were found, and the scripts of launch/.
  private(set) var seen: Set<String> = []
  /// What does not exist, a line each.
  private(set) var faults: [String] = []

  /// What the parser of the command line knows everywhere, and at the first place.
  private static let options: Set = ["help", "version"]
  private static let firstOptions: Set = ["generate-completion-script"]
  private static let folders = [
    "launch/", "cluster/", "Documentation/", "Sources/", "Tests/", ".ci/",
  ]

  init(program: CommandHelp, keys: Set<String>) {
    (self.program, self.keys) = (program, keys)
  }

  /// Looks at a line of shell, or at what stands between backticks.
  mutating func read(_ line: String) {
    // Brackets are around what may be left out, quotes around words or a whole command.
    let line = line.filter { !"[]".contains($0) }
    for part in line.split(whereSeparator: { "|;&<>()".contains($0) }) {
      let words = part.split { " \t\"'".contains($0) }.map(String.init)
      words.forEach { requireFile($0) }
      requireKeys(words)
      guard let start = words.firstIndex(where: Self.isProgram) else { continue }
      let rest = words[(start + 1)...]
      if let script = Self.script(words[start]) { readScript(script, rest) } else { readRDD(rest) }
    }
  }

  private static func isProgram(_ word: String) -> Bool {
    word == "rdd" || word.hasSuffix("/rdd") || script(word) != nil
  }

  /// The script that a word starts, as `launch/local`; nil if it starts none.
  private static func script(_ word: String) -> String? {
    guard let place = word.range(of: "launch/") else { return nil }
    let name = String(word[place.lowerBound...])
    guard let head = text(name).split(separator: "\n").first else { return nil }
    return head.hasPrefix("#!") ? name : nil
  }

  private static func text(_ path: String) -> String {
    (try? String(contentsOfFile: "\(Document.root)/\(path)", encoding: .utf8)) ?? ""
  }

  private mutating func readRDD(_ words: ArraySlice<String>) {
    var (command, path, words) = (program, "rdd", words)
    if words.first == "help" { words = words.dropFirst() }
    while let word = words.first,
      let inner = command.subcommands?.first(where: { $0.commandName == word })
    {
      command = inner
      path += " \(word)"
      words = words.dropFirst()
    }
    seen.insert(path)
    // A placeholder stands for any command.
    if let word = words.first, command.subcommands != nil, !word.hasPrefix("-"),
      word != word.uppercased()
    {
      faults.append("'\(path) \(word)': no such command")
    }
    let known = command.options.union(Self.options)
      .union(command.commandName == program.commandName ? Self.firstOptions : [])
    for option in Self.options(words) where !known.contains(option) {
      faults.append("'\(path)': no option --\(option)")
    }
  }

  private mutating func readScript(_ script: String, _ words: ArraySlice<String>) {
    seen.insert(script)
    switch script {
    case "launch/supervise":
      guard let mode = words.firstIndex(where: { ["local", "hosts"].contains($0) }) else { break }
      return readRDD(Self.commandOfRanks(words[(mode + 1)...]))
    case "launch/local", "launch/hosts": return readRDD(Self.commandOfRanks(words))
    default: break
    }
    let end = words.firstIndex(where: Self.isProgram) ?? words.endIndex
    let told = Set(
      Self.text(script).split { !($0.isLetter || $0.isNumber || $0 == "-") }.map(String.init))
    for option in Self.options(words[..<end]) where !told.contains("--\(option)") {
      faults.append("'\(script)': no option --\(option)")
    }
    guard end < words.endIndex else { return }
    read(words[end...].joined(separator: " "))
  }

  /// What `rdd` is given: after the number of ranks or the hostfile, a recipe in place of a command means
  /// train.
  private static func commandOfRanks(_ words: ArraySlice<String>) -> ArraySlice<String> {
    let rest = words.dropFirst()
    guard let first = rest.first, first.contains("/") || first.contains(".") || first == "RECIPE"
    else { return rest }
    return ["train"] + rest
  }

  /// The long options among words.
  private static func options(_ words: ArraySlice<String>) -> [String] {
    words.filter { $0.hasPrefix("--") && $0.count > 2 }.map { word in
      String(word.dropFirst(2).prefix { $0 != "=" })
    }
  }

  /// What follows each `--set` is a key, a section that has a short form, or a placeholder.
  private mutating func requireKeys(_ words: [String]) {
    for (option, setting) in zip(words, words.dropFirst()) where option == "--set" {
      let key = String(setting.prefix { $0 != "=" })
      guard key != key.uppercased(), key != "key", !keys.contains(key),
        !keys.contains(where: { $0.hasPrefix(key + ".") })
      else { continue }
      faults.append("'--set \(setting)': no key \(key)")
    }
  }

  /// A word that begins as the repository's folders do is a file there, or a pattern.
  private mutating func requireFile(_ word: String) {
    guard let folder = Self.folders.first(where: word.hasPrefix), word != folder,
      !word.contains(where: { "*{}$".contains($0) }), !word.hasSuffix("...")
    else { return }
    let path = word.prefix { $0 != "#" }
    guard !FileManager.default.fileExists(atPath: "\(Document.root)/\(path)") else { return }
    faults.append("'\(word)': no such file")
  }
}
