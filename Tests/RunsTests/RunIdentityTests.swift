import Recipes
import Runs
import Testing

/// Which differences between two runs are noticed, and how they are told.
struct RunIdentityTests {
  private static let hashes: [RunIdentity.Part: String] = [
    .student: "s", .teacher: "file:t", .methods: "m", .data: "contents:d",
    .validation: "contents:v",
  ]

  private static func recipe(_ settings: String...) throws -> Recipe {
    try Recipe.decode(yaml: "distill: none", file: "recipe.yaml", overrides: settings)
  }

  /// The identity with one line of the recipe's part replaced, or added if it says nothing of the key and
  /// such a key changes numbers.
  private static func changed(_ identity: RunIdentity, key: String) throws -> RunIdentity {
    var metadata = identity.metadata
    var lines = try #require(metadata["run.recipe"]).split(separator: "\n").map(String.init)
    lines.removeAll { $0.hasPrefix(key + ": ") }
    if Key.named[key]?.effect == .numbers { lines.append("\(key): something else") }
    metadata["run.recipe"] = lines.joined(separator: "\n")
    return try #require(RunIdentity(metadata: metadata))
  }

  @Test(arguments: Key.all.map(\.path))
  func everyKeyThatChangesNumbersIsNoticed(key: String) throws {
    let now = RunIdentity(try Self.recipe(), hashes: Self.hashes)
    let found = now.differences(from: try Self.changed(now, key: key))
    #expect(found.isEmpty == (Key.named[key]?.effect != .numbers))
    if let found = found.first {
      #expect(found.part == .recipe)
      #expect(found.detail?.contains("\(key): ") == true)
      #expect(found.text.contains("was something else"))
    }
  }

  /// Keys that were added later say nothing at their defaults: finished runs keep their digests.
  @Test func addedKeysAreSilentAtTheirDefaults() throws {
    let plain = RunIdentity(try Self.recipe(), hashes: Self.hashes)
    let text = try #require(plain.metadata["run.recipe"])
    let added = Key.all.filter(\.isAdded).map(\.path)
    #expect(text.contains("train.momentum: ") && added.contains("train.optimizer"))
    #expect(added.allSatisfy { !text.contains("\($0): ") })
    let other = RunIdentity(try Self.recipe("train.average=0.5"), hashes: Self.hashes)
    #expect(try #require(other.metadata["run.recipe"]).contains("train.average: 0.5"))
    #expect(other.digest != plain.digest)
    #expect(
      other.differences(from: plain).map(\.text)
        == ["another recipe (train.average: 0.5, was 0.0)"])
  }

  @Test(arguments: [RunIdentity.Part.student, .teacher, .methods, .data, .validation])
  func everyOtherPartIsNoticed(part: RunIdentity.Part) throws {
    let recipe = try Self.recipe()
    let now = RunIdentity(recipe, hashes: Self.hashes)
    var other = Self.hashes
    other[part] = (other[part] ?? "") + "x"
    let earlier = RunIdentity(recipe, hashes: other)
    #expect(now.differences(from: earlier).map(\.part) == [part])
    #expect(now.digest != earlier.digest)
    other[part] = nil
    #expect(
      now.differences(from: RunIdentity(recipe, hashes: other)).isEmpty
        == [.data, .validation].contains(part))
  }

  @Test func anotherFormatOfTheProgramIsNoticed() throws {
    let now = RunIdentity(try Self.recipe(), hashes: Self.hashes)
    var metadata = now.metadata
    metadata["run.format"] = "0"
    let earlier = try #require(RunIdentity(metadata: metadata))
    #expect(now.differences(from: earlier).map(\.part) == [.format])
  }

  @Test func whatFollowsFromTheRecipeIsNotToldBesideIt() throws {
    var hashes = Self.hashes
    hashes[.teacher] = "seed:1"
    let now = RunIdentity(try Self.recipe("train.seed=2"), hashes: hashes)
    hashes[.teacher] = "seed:2"
    hashes[.student] = "other"
    let earlier = RunIdentity(try Self.recipe(), hashes: hashes)
    let found = now.differences(from: earlier)
    #expect(found.map(\.text) == ["another recipe (train.seed: 2, was 1)"])
    #expect(
      now.differences(from: earlier, ignoring: ["train.seed"]).map(\.part) == [.student, .teacher])
  }

  /// A checkpoint of a version that had not yet a key was made with its default.
  @Test func aNewKeyStandsAtItsDefaultInOldCheckpoints() throws {
    let now = RunIdentity(try Self.recipe(), hashes: Self.hashes)
    var metadata = now.metadata
    metadata["run.recipe"] = try #require(metadata["run.recipe"]).split(separator: "\n")
      .filter { !$0.hasPrefix("train.fgsm: ") }.joined(separator: "\n")
    let earlier = try #require(RunIdentity(metadata: metadata))
    #expect(now.differences(from: earlier).isEmpty)
    let other = RunIdentity(try Self.recipe("train.fgsm=2"), hashes: Self.hashes)
    #expect(
      other.differences(from: earlier).map(\.text) == ["another recipe (train.fgsm: 2.0, was 0.0)"])
  }

  /// The weights that a method reads are hashed; where they lie is free.
  @Test func aMethodsFileMayBeMoved() throws {
    func identity(_ path: String) throws -> RunIdentity {
      let recipe = try Self.recipe("distill.methods=[{name: hkd, aux: \(path), weight: 2}]")
      return RunIdentity(recipe, hashes: Self.hashes)
    }
    let now = try identity("/new/aux.safetensors")
    #expect(now.differences(from: try identity("/old/other.safetensors")).isEmpty)
    #expect(now.digest == (try identity("/old/other.safetensors")).digest)
    var metadata = now.metadata
    metadata["run.recipe"] = try #require(metadata["run.recipe"])
      .replacing("{name: hkd, weight: 2}", with: "{name: hkd, aux: /old/a.pth, weight: 2}")
    #expect(metadata != now.metadata)
    let earlier = try #require(RunIdentity(metadata: metadata))
    #expect(now.differences(from: earlier).isEmpty)
  }

  /// Who accepts another recipe has not accepted other networks that methods read.
  @Test func anotherFileOfAMethodIsToldBesideTheRecipe() throws {
    func identity(_ seed: Int, _ file: String?) throws -> RunIdentity {
      var hashes = Self.hashes
      hashes[.methods] = "\(seed) \(file ?? "old")"
      return RunIdentity(
        try Self.recipe("train.seed=\(seed)"), hashes: hashes, readByMethods: file)
    }
    let now = try identity(2, "b")
    #expect(now.differences(from: try identity(1, "a")).map(\.part) == [.recipe, .methods])
    #expect(now.differences(from: try identity(1, "b")).map(\.part) == [.recipe])
    #expect(now.differences(from: try identity(2, "a")).map(\.part) == [.methods])
    // Earlier versions did not tell the two apart.
    #expect(now.differences(from: try identity(1, nil)).map(\.part) == [.recipe])
    #expect(RunIdentity(metadata: now.metadata) == now)
  }

  /// What was accepted stays in the identity, and a run that accepted nothing keeps its own.
  @Test func acceptedDifferencesAreAPartOfIt() throws {
    let fast = RunIdentity(try Self.recipe("train.learning_rate=0.05"), hashes: Self.hashes)
    let slow = RunIdentity(try Self.recipe("train.learning_rate=0.0005"), hashes: Self.hashes)
    #expect(slow.goingOn(from: slow, acceptedAfter: nil) == slow)
    #expect(slow.metadata["run.accepted"] == nil)
    let accepted = slow.goingOn(from: fast, acceptedAfter: 7)
    #expect(accepted.digest != slow.digest && accepted.digest != fast.digest)
    #expect(accepted == slow.goingOn(from: fast, acceptedAfter: 7))
    #expect(accepted.digest != slow.goingOn(from: fast, acceptedAfter: 8).digest)
    #expect(slow.differences(from: accepted).isEmpty)
    // It goes on as itself, from its checkpoint and from its weights; going back does not undo it.
    let read = try #require(RunIdentity(metadata: accepted.metadata))
    #expect(read == accepted && slow.goingOn(from: read, acceptedAfter: nil) == accepted)
    #expect(slow.goingOn(fromWeights: accepted.metadata) == accepted)
    #expect(fast.goingOn(from: accepted, acceptedAfter: 9).digest != fast.digest)
  }

  @Test func filesOfEarlierVersionsHaveNone() {
    #expect(RunIdentity(metadata: ["network": "psp_resnet18"]) == nil)
  }
}
