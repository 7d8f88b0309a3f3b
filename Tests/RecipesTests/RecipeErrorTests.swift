import Foundation
import Recipes
import Testing

@Suite("Mistakes in recipes")
struct RecipeErrorTests {
  /// A text, the options, and the one line that refuses them.
  struct Case: Sendable, CustomTestStringConvertible {
    var yaml: String
    var set: [String] = []
    var line: String
    var testDescription: String { line }
  }

  private static let matchFault =
    "group 1 has a match that is not made of letters, digits, dots, '_', '-' and '*'"

  /// Groups of parameters, and what is wrong with them.
  private static func group(_ text: String, _ fault: String) -> Case {
    Case(
      yaml: "train:\n  groups: \(text)",
      line: "wrong type: recipe.yaml:2: found train.groups: \(fault); expected a list of "
        + "{match: PATTERN, rate: FACTOR, decay: FACTOR}; correct the value")
  }

  static let cases = [
    Case(
      yaml: "train:\n  iteration: 5\n",
      line: "unknown key: recipe.yaml:2: found 'train.iteration'; expected a key of `rdd "
        + "recipe-keys`; did you mean train.iterations?"),
    Case(
      yaml: "trian:\n  seed: 5\n",
      line: "unknown key: recipe.yaml:1: found 'trian'; expected a key of `rdd recipe-keys`; "
        + "did you mean train?"),
    Case(
      yaml: "\n\nbatch_size: 4\n",
      line:
        "unknown key: recipe.yaml:3: found 'batch_size'; expected a key of `rdd recipe-keys`; "
        + "did you mean train.batch_size?"),
    Case(
      yaml: small, set: ["trian.seed=3"],
      line: "unknown key: --set trian.seed=3: found 'trian.seed'; expected a key of `rdd "
        + "recipe-keys`; did you mean train.seed?"),
    Case(
      yaml: small, set: ["train.freeze_bn=1"],
      line: "unknown key: --set train.freeze_bn=1: found 'train.freeze_bn'; expected a key of `rdd "
        + "recipe-keys`; `rdd recipe-keys train` prints those of the section"),
    Case(
      yaml: small, set: ["freeze_bn=1"],
      line: "unknown key: --set freeze_bn=1: found 'freeze_bn'; expected a key of `rdd "
        + "recipe-keys`; correct the name"),
    Case(
      yaml: "train: {optimizer: adam}",
      line:
        "value out of range: recipe.yaml:1: found train.optimizer: 'adam'; expected sgd or adamw; "
        + "did you mean adamw?"),
    group("[{match: a, decoy: 0}]", "group 1 has 'decoy', and not match, rate or decay"),
    group("[{match: a}, {decay: 0}]", "group 2 has no match"),
    group("[{match: a, rate: -1}]", "group 1 has rate: '-1', and not a number from 0 to 1000"),
    group("[{match: a b}]", matchFault),
    group("[{match: []}]", matchFault),
    group("[bias]", "group 1 is no {match: PATTERN, ...}"),
    group("bias", "'bias'"),
    Case(
      yaml: "train:\n  iterations: many\n",
      line:
        "wrong type: recipe.yaml:2: found train.iterations: 'many'; expected an integer from 1 to "
        + "1000000000; correct the value"),
    Case(
      yaml: "train:\n  iterations: 1.5\n",
      line:
        "wrong type: recipe.yaml:2: found train.iterations: '1.5'; expected an integer from 1 to "
        + "1000000000; correct the value"),
    Case(
      yaml: "train:\n  iterations: \"5\"\n",
      line: "wrong type: recipe.yaml:2: found train.iterations: '5'; expected an integer from 1 to "
        + "1000000000; correct the value"),
    Case(
      yaml: "train:\n  iterations:\n",
      line:
        "wrong type: recipe.yaml:2: found train.iterations: nothing; expected an integer from 1 to "
        + "1000000000; correct the value"),
    Case(
      yaml: "train:\n  iterations: [1, 2]\n",
      line:
        "wrong type: recipe.yaml:2: found train.iterations: a list of 2; expected an integer from "
        + "1 to 1000000000; correct the value"),
    Case(
      yaml: "train:\n  iterations: {a: 1}\n",
      line:
        "wrong type: recipe.yaml:2: found train.iterations: a section; expected an integer from "
        + "1 to 1000000000; correct the value"),
    Case(
      yaml: "train: 5\n",
      line:
        "wrong type: recipe.yaml:1: found train: '5'; expected a section of keys; write the keys "
        + "of train below it, or train.KEY=VALUE after --set"),
    Case(
      yaml: "- a\n- b\n",
      line: "wrong type: recipe.yaml:1: found a list of 2; expected sections of keys; write lines "
        + "like 'train:' and '  iterations: 1000'"),
    Case(
      yaml: "student:\n  dropout: yes\n",
      line:
        "value out of range: recipe.yaml:2: found student.dropout: 'yes'; expected true or false; "
        + "did you mean true?"),
    Case(
      yaml: "distill:\n  mask: xnor\n",
      line:
        "value out of range: recipe.yaml:2: found distill.mask: 'xnor'; expected xor, or, and or "
        + "ohem; did you mean xor?"),
    Case(
      yaml: "distill: rdt\n",
      line:
        "value out of range: recipe.yaml:1: found distill.method: 'rdt'; expected rdd, kd or none; "
        + "did you mean rdd?"),
    Case(
      yaml: "train:\n  batch_size: 0\n",
      line:
        "value out of range: recipe.yaml:2: found train.batch_size: '0'; expected an integer from "
        + "1 to 4096; correct the value"),
    Case(
      yaml: "data: {num_classes: 255}\n",
      line:
        "value out of range: recipe.yaml:1: found data.num_classes: '255'; expected an integer from "
        + "0 to 254; correct the value"),
    Case(
      yaml: "train:\n  batch_size: 99999999999999999999999\n",
      line: "value out of range: recipe.yaml:2: found train.batch_size: '99999999999999999999999'; "
        + "expected an integer from 1 to 4096; correct the value"),
    Case(
      yaml: "distill:\n  ohem: {threshold: 1.01}\n",
      line: "value out of range: recipe.yaml:2: found distill.ohem.threshold: '1.01'; expected a "
        + "number from 0.0 to 1.0; correct the value"),
    Case(
      yaml: "distill:\n  ohem: {threshold: nan}\n",
      line:
        "wrong type: recipe.yaml:2: found distill.ohem.threshold: 'nan'; expected a number from "
        + "0.0 to 1.0; correct the value"),
    Case(
      yaml: "evaluation:\n  scales: []\n",
      line:
        "value out of range: recipe.yaml:2: found evaluation.scales: a list of 0; expected a list "
        + "of 1 to 16 numbers from 0.1 to 4.0; correct the value"),
    Case(
      yaml: small, set: ["train.seed"],
      line: "not YAML: --set train.seed: found no '='; expected key=value; write for example "
        + "--set train.iterations=1000"),
    Case(
      yaml: small, set: ["train.seed=-1"],
      line:
        "value out of range: --set train.seed=-1: found train.seed: '-1'; expected an integer of "
        + "at least 0; correct the value"),
    Case(
      yaml: "train:\n  seed: 1\n  seed: 2\n",
      line: "key given twice: recipe.yaml:2: found 'seed' here and again below; expected every key "
        + "once; remove one of them"),
    Case(
      yaml: "train:\n  seed: 1\ntrain.seed: 2\n",
      line:
        "key given twice: recipe.yaml:3: found train.seed again; expected every key once; remove "
        + "one of them"),
    Case(
      yaml: "train: [\n",
      line:
        "not YAML: recipe.yaml:2: found the end of the text (did not find expected node content); expected lines of "
        + "'key: value'; correct the line"),
    Case(
      yaml: "train:\n\tseed: 1\n",
      line: "not YAML: recipe.yaml:2: found '?seed: 1' (found character that cannot start any "
        + "token); expected lines of 'key: value'; correct the line"),
    Case(
      yaml: "train: {}\n---\ntrain: {}\n",
      line: "not YAML: recipe.yaml:2: found '---' (but found another document); expected lines of "
        + "'key: value'; correct the line"),
    Case(
      yaml: "train: &a {}\nstudent: *a\n",
      line: "not a recipe: recipe.yaml:1: found the anchor '&a'; expected no anchors and aliases; "
        + "write the value out"),
    Case(
      yaml: "train:\n  seed: !!int 5\n",
      line: "not a recipe: recipe.yaml:2: found the tag 'tag:yaml.org,2002:int'; expected no tags; "
        + "remove the tag; a key's type is fixed"),
    Case(
      yaml: "a: {a: {a: {a: {a: {a: {a: 1}}}}}}",
      line:
        "not a recipe: recipe.yaml:1: found more than 6 levels; expected sections of keys; remove "
        + "the nesting"),
    Case(
      yaml: String(repeating: "#", count: 65_537),
      line:
        "not a recipe: recipe.yaml: found 65537 bytes; expected at most 65536 bytes; is this the "
        + "right file?"),
  ]

  @Test("A mistake is told in one line", arguments: cases)
  func line(_ mistake: Case) {
    #expect(refusal(mistake.yaml, set: mistake.set) == mistake.line)
  }

  @Test("A file that cannot be read is told in one line")
  func files() throws {
    func refusal(_ file: String) -> String {
      do { return "accepted \(try Recipe.load(file).preset)" } catch { return error.description }
    }
    let folder = FileManager.default.temporaryDirectory.appending(path: "recipes-\(getpid())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (missing, bytes) = (folder.path + "/missing.yaml", folder.path + "/bytes.yaml")
    try Data([0x61, 0xFF, 0x0A]).write(to: URL(fileURLWithPath: bytes))
    let empty = folder.path + "/empty.yaml"
    try Data().write(to: URL(fileURLWithPath: empty))
    #expect(try Recipe.load(empty, overrides: ["distill=none"]) == decode("distill: none"))
    let large = folder.path + "/large.yaml"
    try Data(repeating: 0x23, count: 1 << 20).write(to: URL(fileURLWithPath: large))
    #expect(refusal(large).hasPrefix("not a recipe: \(large): found 65537 bytes; "))
    let rest = "give the path of a recipe"
    #expect(
      refusal(missing)
        == "cannot read the recipe: \(missing): found no file; expected a YAML file; "
        + rest)
    #expect(
      refusal(folder.path)
        == "cannot read the recipe: \(folder.path): found a folder, device or pipe; expected a "
        + "regular file; \(rest)")
    #expect(
      refusal(bytes)
        == "cannot read the recipe: \(bytes): found bytes that are not UTF-8 in line 1; expected "
        + "text in UTF-8; save it as such")
    let wide = folder.path + "/wide.yaml"
    try Data("train: {}\n".utf16.flatMap { [UInt8($0 & 255), 0] }).write(
      to: URL(fileURLWithPath: wide))
    #expect(refusal(wide).hasPrefix("cannot read the recipe: \(wide): found text in UTF-16; "))
    let loop = folder.path + "/loop.yaml"
    try FileManager.default.createSymbolicLink(atPath: loop, withDestinationPath: "loop.yaml")
    #expect(refusal(loop).contains(": found Too many levels of symbolic links (errno 40); "))
  }

  @Test("A pipe or device is refused at once, whoever writes it")
  func pipes() throws {
    let pipe = FileManager.default.temporaryDirectory.path + "/recipe-pipe-\(getpid())"
    #expect(mkfifo(pipe, 0o600) == 0)
    defer { unlink(pipe) }
    for file in [pipe, "/dev/zero"] {
      final class Answer: @unchecked Sendable { var error: RecipeError? }
      let answer = Answer()
      let end = DispatchSemaphore(value: 0)
      // A thread of its own: one that waits for a writer would wait for ever.
      Thread.detachNewThread {
        do {
          _ = try Recipe.load(file)
        } catch {
          answer.error = error as? RecipeError
        }
        end.signal()
      }
      try #require(end.wait(timeout: .now() + 30) == .success, "\(file)")
      #expect(answer.error?.kind == .unreadable)
      #expect(answer.error?.found == "a folder, device or pipe")
    }
  }

  @Test("A byte order mark is no part of the text")
  func mark() throws {
    let file = FileManager.default.temporaryDirectory.path + "/recipe-mark-\(getpid()).yaml"
    let yaml = "# with a mark\ndistill: none\ntrain: {iterations: 7}\n"
    try ("\u{FEFF}" + yaml).write(toFile: file, atomically: true, encoding: .utf8)
    defer { unlink(file) }
    #expect(try Recipe.load(file).train.iterations == 7)
    #expect(try decode("\u{FEFF}" + yaml) == decode(yaml))
    #expect(refusal("\u{FEFF}\ntrian: {}").hasPrefix("unknown key: recipe.yaml:2: found 'trian'"))
  }

  @Test("A message stays on one line whatever is written")
  func oneLine() {
    let text = refusal("\"a\\nb\\u2028c\\e[31m\": 1\n")
    #expect(!text.unicodeScalars.contains { $0.properties.isWhitespace && $0 != " " })
    #expect(!text.contains("\u{1B}"))
    #expect(refusal("train:\n  seed: " + String(repeating: "x", count: 9999)).utf8.count < 300)
  }
}
