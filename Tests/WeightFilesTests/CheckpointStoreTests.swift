import Files
import Foundation
import Randomness
import TestSupport
import Testing
import WeightFiles

@Suite struct CheckpointStoreTests {
  private let folder: TemporaryFolder
  private let store: CheckpointStore

  init() throws {
    folder = try TemporaryFolder()
    store = CheckpointStore(folder: folder.path + "/checkpoints")
    #expect(try store.prepare() == [])
  }

  private var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: store.folder).sorted() }
  }

  private func damage(_ iteration: Int) throws {
    var bytes = try contents(store.path(iteration))
    bytes[bytes.count - 1] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: store.path(iteration)))
  }

  /// Somebody has made room.
  @Test func aFolderThatWasRemovedIsMadeAgain() throws {
    _ = try store.save(.sample(1), iteration: 1)
    try FileManager.default.removeItem(atPath: store.folder)
    #expect(try store.save(.sample(2), iteration: 2) == [])
    #expect(try store.newestValid().newest?.archive.facts == TensorArchive.sample(2).facts)
  }

  @Test func theLastTwoStay() throws {
    for iteration in [0, 100, 200, 1200, 12_345_678] {
      #expect(try store.save(.sample(iteration), iteration: iteration) == [])
    }
    #expect(try names == ["iteration_0001200.safetensors", "iteration_12345678.safetensors"])
    let recovery = try store.newestValid()
    #expect(recovery.refused == [])
    #expect(recovery.newest?.iteration == 12_345_678)
    #expect(recovery.newest?.path == store.path(12_345_678))
    #expect(recovery.newest?.archive.facts == TensorArchive.sample(12_345_678).facts)
    #expect(recovery.newest?.archive.metadata["recipe"] == "tiny")
  }

  @Test func anEmptyFolderHasNone() throws {
    let recovery = try store.newestValid()
    #expect(recovery.newest == nil)
    #expect(recovery.refused == [])
  }

  @Test func aDamagedOneIsPassedOverAndReplaced() throws {
    for iteration in [100, 200] { _ = try store.save(.sample(iteration), iteration: iteration) }
    try damage(200)
    let recovery = try store.newestValid()
    #expect(recovery.newest?.iteration == 100)
    #expect(recovery.refused.map(\.path) == [store.path(200)])
    #expect(recovery.refused.first?.detail.hasPrefix("hash of the data: found ") == true)
    _ = try store.save(.sample(150), iteration: 150)
    #expect(try store.newestValid().newest?.iteration == 150)
    _ = try store.save(.sample(200), iteration: 200)
    #expect(try store.newestValid().newest?.archive.facts == TensorArchive.sample(200).facts)
    #expect(try names == ["iteration_0000150.safetensors", "iteration_0000200.safetensors"])
  }

  @Test func allDamagedIsNotTheSameAsNone() throws {
    for iteration in [100, 200] {
      _ = try store.save(.sample(iteration), iteration: iteration)
      try damage(iteration)
    }
    let recovery = try store.newestValid()
    #expect(recovery.newest == nil)
    #expect(recovery.refused.map(\.path) == [store.path(200), store.path(100)])
    #expect(recovery.refused.allSatisfy { $0.exitCode == 65 })
  }

  @Test func aValidNameIsNotUsedTwice() throws {
    _ = try store.save(.sample(1), iteration: 100)
    #expect(throws: FileError.self) { try store.save(.sample(2), iteration: 100) }
    #expect(try store.newestValid().newest?.archive.facts == TensorArchive.sample(1).facts)
  }

  /// Somebody has copied the checkpoint of the same run into the folder meanwhile.
  @Test func anEqualOneIsTaken() throws {
    for iteration in [100, 200, 300] { _ = try store.save(.sample(1), iteration: iteration) }
    let bytes = try contents(store.path(300))
    #expect(try store.save(.sample(1), iteration: 300) == [])
    #expect(try contents(store.path(300)) == bytes)
    var other = TensorArchive.sample(1)
    other.metadata["more"] = ""
    let error = #expect(throws: FileError.self) { try store.save(other, iteration: 300) }
    #expect(error?.detail.contains("found a valid checkpoint of other content") == true)
    #expect(try names.count == 2)
  }

  @Test func whatIsNoFolderIsNamed() throws {
    let store = CheckpointStore(folder: folder.path + "/link")
    #expect(symlink("disk/away", store.folder) == 0)
    func refusal() -> FileError? { #expect(throws: FileError.self) { try store.prepare() } }
    let dead = refusal()
    #expect(dead?.exitCode == 73 && dead?.path == store.folder)
    #expect(dead?.detail.contains("found a link to 'disk/away', where nothing is") == true)
    try Data().write(to: URL(fileURLWithPath: folder.path + "/file"))
    #expect(unlink(store.folder) == 0 && symlink("file", store.folder) == 0)
    #expect(refusal()?.detail.contains("found something that is no folder") == true)
    #expect(unlink(store.folder) == 0 && symlink("checkpoints", store.folder) == 0)
    #expect(try store.prepare() == [])
  }

  @Test func aRenamedOrForeignFileIsRefused() throws {
    _ = try store.save(.sample(1), iteration: 100)
    try FileManager.default.copyItem(atPath: store.path(100), toPath: store.path(300))
    try FileManager.default.copyItem(
      atPath: Repository.fixture("safetensors") + "/reference.safetensors", toPath: store.path(400))
    let recovery = try store.newestValid()
    #expect(recovery.newest?.iteration == 100)
    #expect(
      recovery.refused.map { $0.detail.components(separatedBy: ";")[0] } == [
        "__metadata__: found no header_xxh3_128", "__metadata__: found iteration '100'",
      ])
  }

  @Test func leftOversOfDeadProcessesAreRemoved() throws {
    let dead = ".tmp.iteration_0000100.safetensors.2147483646"
    let own = ".tmp.iteration_0000200.safetensors.\(getpid())"
    let living = ".tmp.iteration_0000300.safetensors.1"
    // A number that lives again, as another process.
    let again = ".tmp.iteration_0000300.safetensors.start18446744073709551615.1"
    for name in [dead, own, living, again, ".tmp.x", "notes.txt", "iteration_1.safetensors"] {
      try Data([1]).write(to: URL(fileURLWithPath: store.folder + "/" + name))
    }
    #expect(Set(try store.prepare()) == [dead, own, again])
    #expect(try names == [".tmp.x", living, "iteration_1.safetensors", "notes.txt"].sorted())
    #expect(try store.newestValid().newest == nil)
  }

  @Test func aLeftOverOfTheOwnNameIsNoObstacle() throws {
    let own = TemporaryName(label: "iteration_0000100.safetensors").text
    try Data([1]).write(to: URL(fileURLWithPath: store.folder + "/" + own))
    _ = try store.save(.sample(1), iteration: 100)
    #expect(try names == ["iteration_0000100.safetensors"])
  }

  @Test func tooLittleRoomIsFoundBeforehand() throws {
    _ = try store.save(.sample(1), iteration: 100)
    let byteCount = try contents(store.path(100)).count
    let needed = byteCount + byteCount / 5
    for (free, isEnough) in [(0, false), (needed - 1, false), (needed, true)] {
      var files = FileStore()
      files.freeBytes = { _ throws(SystemError) in free }
      let store = CheckpointStore(folder: store.folder, files: files)
      do throws(FileError) {
        _ = try store.save(.sample(1), iteration: 101)
        #expect(isEnough)
      } catch {
        #expect(!isEnough)
        #expect(error.kind == .noSpace)
        #expect(error.exitCode == 74)
        #expect(error.detail.contains("found \(free) free bytes"))
      }
    }
  }

  @Test func othersMayReadWhatTheUmaskAllows() throws {
    _ = try store.save(.sample(1), iteration: 100)
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("Umask:") }
    let umask = try #require(line.flatMap { Int($0.split(separator: "\t").last ?? "", radix: 8) })
    for (path, mode) in [(store.folder, 0o777), (store.path(100), 0o666)] {
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == mode & ~umask, "\(path)")
    }
  }

  @Test func bestWeightsAreReplaced() throws {
    let path = folder.path + "/best.safetensors"
    for seed in 0..<3 {
      try AtomicFile().writeAtomically(.sample(seed), to: path)
      #expect(try WeightFile.read(path).facts == TensorArchive.sample(seed).facts)
    }
    #expect(try folder.names == ["best.safetensors", "checkpoints"])
  }

  /// Every byte of a checkpoint is covered by a hash.
  @Test func everyTruncationAndBitFlipIsRefused() throws {
    _ = try store.save(.sample(3), iteration: 100)
    let whole = try contents(store.path(100))
    func isRefused(_ bytes: [UInt8]) throws -> Bool {
      try Data(bytes).write(to: URL(fileURLWithPath: store.path(100)))
      let recovery = try store.newestValid()
      return recovery.newest == nil && recovery.refused.count == 1
    }
    for count in 0..<whole.count {
      #expect(try isRefused(Array(whole[..<count])), "\(count) bytes")
    }
    #expect(try isRefused(whole + [0]))
    for bit in 0..<whole.count * 8 {
      var bytes = whole
      bytes[bit / 8] ^= 1 << (bit % 8)
      #expect(try isRefused(bytes), "bit \(bit)")
    }
    #expect(try !isRefused(whole))
  }

  /// Several bytes changed, blocks zeroed or copied over others; the seed is the trial's number.
  @Test func everyDamageIsRefused() throws {
    _ = try store.save(.sample(3), iteration: 100)
    let whole = try contents(store.path(100))
    for trial in 0..<4_000 {
      var random = CounterRandom(.test, seed: 6, trial)
      var bytes = whole
      let length = 1 + random.integer(below: 64)
      let start = random.integer(below: bytes.count - length)
      switch trial % 3 {
      case 0: bytes.replaceSubrange(start..<start + length, with: repeatElement(0, count: length))
      case 1:
        let from = random.integer(below: bytes.count - length)
        bytes.replaceSubrange(start..<start + length, with: whole[from..<from + length])
      default:
        for _ in 0..<length {
          bytes[random.integer(below: bytes.count)] = UInt8(random.integer(below: 256))
        }
      }
      if bytes == whole { continue }
      try Data(bytes).write(to: URL(fileURLWithPath: store.path(100)))
      #expect(try store.newestValid().newest == nil, "trial \(trial)")
    }
  }
}
