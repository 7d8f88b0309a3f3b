import Foundation
import Steps
import TestSupport
import Testing

extension CommandTests {
  /// What README and the documents show can be typed, and where they lead is something.
  @Suite struct ReadmeTests {
    /// A look that knows the program's commands, options and keys.
    private static let look: ShownCommands? = {
      guard let dump = try? Command.run(["--experimental-dump-help"]).standardOutput,
        let program = try? CommandHelp(dump: dump),
        let table = try? Command.run(["recipe-keys"]).standardOutput
      else { return nil }
      // A row of the table begins with the key, as | `train.seed` |.
      let keys = table.split(separator: "\n").compactMap { row -> String? in
        let parts = row.split(separator: "`", omittingEmptySubsequences: false)
        return parts.count > 2 && parts[0] == "| " ? String(parts[1]) : nil
      }
      return ShownCommands(program: program, keys: Set(keys))
    }()

    @Test(arguments: Document.all)
    func whatIsShownExists(_ path: String) throws {
      let document = try Document(path)
      var look = try #require(Self.look)
      for line in document.commands + document.spans { look.read(line) }
      #expect(look.faults.isEmpty, "\(path): \(look.faults.joined(separator: "; "))")
    }

    /// The files of the floors, as `5-Runs/Steps/Step/SGD.swift`, that are named from the sources on.
    @Test func theRoomsOfTheArchitectureExist() throws {
      let spans = try Document("Documentation/architecture.md").spans
      let paths = spans.filter {
        $0.first?.isNumber == true && $0.contains("/") && $0.hasSuffix(".swift")
          && !$0.contains("NAME")
      }
      #expect(paths.count > 20)
      for path in paths {
        let file = Repository.path("Sources/" + path)
        #expect(FileManager.default.fileExists(atPath: file), "\(path)")
      }
    }

    /// A README in which no command is found would pass the test above.
    @Test func theCommandsOfREADMEAreFound() throws {
      let document = try Document("README.md")
      var look = try #require(Self.look)
      for line in document.commands { look.read(line) }
      #expect(
        look.seen.isSuperset(of: [
          "launch/quickstart", "launch/test", "launch/local", "rdd recipe", "rdd report",
          "rdd predict",
        ]), "\(look.seen)")
      for line in document.spans { look.read(line) }
      // Every command has its row.
      let missing = (look.program.subcommands ?? []).map(\.commandName)
        .filter { name in name != "help" && !look.seen.contains { $0.hasPrefix("rdd \(name)") } }
      #expect(missing.isEmpty, "README: no row of \(missing.joined(separator: ", "))")
    }

    @Test(arguments: [
      ("rdd trane a.yaml", "no such command"), ("rdd bench stop a.yaml", "no such command"),
      ("launch/local 2 train a.yaml --nonsense", "no option --nonsense"),
      ("launch/supervise local 2 a.yaml --pixels", "no option --pixels"),
      ("mpirun -n 2 .build/release/rdd eval a.yaml --trace t", "no option --trace"),
      ("rdd train a.yaml --set train.rate=1", "no key train.rate"),
      ("launch/quickstart --rank 2", "no option --rank"),
      ("launch/recipes/none.yaml", "no such file"),
    ])
    func whatDoesNotExistIsFound(_ line: String, _ fault: String) throws {
      var look = try #require(Self.look)
      look.read(line)
      #expect(look.faults.count == 1 && (look.faults.first ?? "").contains(fault), "\(look.faults)")
    }

    @Test(arguments: [
      "rdd train RECIPE [--out DIR] --set distill=none", "rdd help COMMAND", "rdd",
      "launch/hosts HOSTFILE train RECIPE --accept PART",
      "rdd eval a.yaml --weights w --json | jq .",
      "source <(rdd --generate-completion-script bash)", "launch/bench/scaling --ranks \"1 2\"",
      "launch/elsewhere trixie launch/test --filter A",
      "sh -c 'exec .build/release/rdd check a.yaml'",
    ])
    func whatExistsIsNotFound(_ line: String) throws {
      var look = try #require(Self.look)
      look.read(line)
      #expect(look.faults.isEmpty, "\(look.faults)")
    }

    /// Relative links lead to files and folders of the repository, and to headings that are there.
    @Test(arguments: Document.all)
    func linksLeadSomewhere(_ path: String) throws {
      let document = try Document(path)
      let folder = (path as NSString).deletingLastPathComponent
      for (target, anchor) in document.links where !target.contains(":") {
        let file = target.isEmpty ? path : (folder as NSString).appendingPathComponent(target)
        #expect(
          FileManager.default.fileExists(atPath: "\(Document.root)/\(file)"),
          "\(path): a link to \(target): no such file")
        guard let anchor, file.hasSuffix(".md") else { continue }
        let anchors = try Document(file).anchors
        #expect(anchors.contains(anchor), "\(path): a link to \(target)#\(anchor): no such heading")
      }
      for article in document.articles {
        let file = "\(Document.root)/\(folder)/\(article).md"
        #expect(FileManager.default.fileExists(atPath: file), "\(path): no article \(article)")
      }
    }

    /// What a reader looks for first stands on the first screen, in the words of the field.
    @Test func theFirstScreenSaysWhatItIs() throws {
      let text = try String(contentsOfFile: "\(Document.root)/README.md", encoding: .utf8)
      let screen = text.split(separator: "\n", omittingEmptySubsequences: false).prefix(45)
      let row = screen.first { $0.hasPrefix("| Hardware | ") }
      #expect(row?.contains(/\bGPU\b/) == true, "README: no limit of GPUs on the first screen")
      // The first paragraph behind the title and the commands.
      let prose = screen.drop { !$0.hasPrefix("rdd ") }.prefix { !$0.isEmpty }
      let sentence = prose.joined(separator: " ").prefix { $0 != "." }
      #expect(sentence.contains("semantic segmentation"), "\(sentence)")
      #expect(sentence.contains("knowledge distillation"), "\(sentence)")
      let short = ["TFE": "teacher-full evaluation", "TSE": "teacher-student evaluation"]
      for (name, words) in short {
        #expect(screen.contains { $0.contains(name) && $0.contains(words) }, "\(name): \(words)")
      }
    }

    /// Every code that errors end with, that sources end with by number, and that scripts fail with.
    @Test func everyExitCodeHasItsRow() throws {
      let text = try String(contentsOfFile: "\(Document.root)/README.md", encoding: .utf8)
      let table = text.split(separator: "\n", omittingEmptySubsequences: false)
        .drop { !$0.hasPrefix("| Exit code |") }.prefix { !$0.isEmpty }
      let names = table.dropFirst(2).map { $0.dropFirst(2).prefix { $0 != "|" } }
      let told = Set(names.flatMap { $0.matches(of: /\d+/).compactMap { Int32($0.output) } })
      #expect(names.contains { $0.hasPrefix("128 + n") })

      var codes = TrainingError.exitCodes
      for folder in ["Sources", "launch", "cluster"] {
        let files = FileManager.default.enumerator(atPath: "\(Document.root)/\(folder)")
        while let file = files?.nextObject() as? String {
          let path = "\(Document.root)/\(folder)/\(file)"
          guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { continue }
          let pattern = folder == "Sources" ? #/\b_?exit\((\d+)\)/# : #/\bfail (\d+)\b/#
          for match in text.matches(of: pattern) {
            if let code = Int32(match.output.1) { codes.insert(code) }
          }
        }
      }
      // Those are found: of errors, of a number in Sources, of a script.
      #expect(codes.isSuperset(of: [65, 66, 69, 70, 73, 74, 75, 76, 80, 64, 1, 77]))
      let missing = codes.subtracting(told).sorted()
      #expect(missing.isEmpty, "README: no row of the exit codes \(missing)")
      // Of success, of the loader, of mpirun.
      let unknown = told.subtracting(codes).subtracting([0, 127, 128, 205]).sorted()
      #expect(unknown.isEmpty, "README: nothing ends with \(unknown)")
    }

    /// README names every page, so that none is lost.
    @Test func everyPageIsNamed() throws {
      let links = try Document("README.md").links.map(\.path)
      let pages = Document.all.filter { $0.hasPrefix("Documentation/") }
      #expect(pages.count >= 10)
      let lost = pages.filter { !links.contains($0) }
      #expect(lost.isEmpty, "README: no link to \(lost.joined(separator: ", "))")
    }
  }
}
