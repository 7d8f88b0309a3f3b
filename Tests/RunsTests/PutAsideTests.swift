import Files
import Foundation
import Glibc
import Runs
import Steps
import TestSupport
import Testing

/// What `--fresh` does with what a folder holds.
@Suite struct PutAsideTests {
  /// A folder of a run, in which somebody has written notes too.
  private func run(in place: URL) throws -> RunFolder {
    let folder = try RunFolder(place.path + "/run")
    for name in ["checkpoints", "pictures"] { try FileStore().makeFolder("\(folder.path)/\(name)") }
    let files = [
      "history.jsonl", "metrics.jsonl", "best.safetensors", "best.earlier-1.safetensors",
    ]
    for name in files + ["notes.txt"] {
      try AtomicFile().write(name, to: "\(folder.path)/\(name)")
    }
    return folder
  }

  /// Folders and files, each by its path in a place; hidden ones are the lock's.
  private func names(_ place: URL) -> [String] {
    let found = FileManager.default.enumerator(atPath: place.path)?.compactMap { $0 as? String }
    return (found ?? []).filter { !$0.contains("/.") }.sorted()
  }

  @Test func whatIsNoRunsStays() throws {
    try withTemporaryFolder { place in
      let aside = try run(in: place).putAside()
      #expect(aside?.hasSuffix("/run.earlier-1") == true)
      let moved = [
        "best.earlier-1.safetensors", "best.safetensors", "checkpoints", "history.jsonl",
        "metrics.jsonl", "pictures",
      ]
      let folders = ["run", "run.earlier-1", "run/notes.txt"]
      #expect(names(place) == (folders + moved.map { "run.earlier-1/\($0)" }).sorted())
      #expect(try RunFolder(place.path + "/other").putAside() == nil)
    }
  }

  /// Of all renames one fails: then all is where it was, and the line says why.
  @Test(arguments: [EBUSY, EXDEV, EACCES], [1, 2, 4, 5, 6])
  func allIsPutAsideOrNothing(code: Int32, call: Int) throws {
    try withTemporaryFolder { place in
      let folder = try run(in: place)
      let before = names(place)
      let calls = Counter()
      var files = FileStore()
      files.rename = { old, new throws(SystemError) in
        if calls.next() == call { throw SystemError(code: code) }
        try FileStore().rename(old, new)
      }
      let error = #expect(throws: TrainingError.self) { try folder.putAside(files) }
      #expect(error?.code == .writeFailed)
      let text = error?.description ?? ""
      #expect(text.contains("errno \(code)") && text.contains("nothing was put aside"), "\(text)")
      #expect(text.contains("a mount") == (code != EACCES), "\(text)")
      #expect(names(place) == before)
    }
  }
}

extension PutAsideTests {
  private var moved: [String] {
    [
      "best.earlier-1.safetensors", "best.safetensors", "checkpoints", "history.jsonl",
      "metrics.jsonl", "pictures",
    ]
  }

  private var allAside: [String] {
    (["run", "run.earlier-1", "run/notes.txt"] + moved.map { "run.earlier-1/\($0)" }).sorted()
  }

  /// As a process leaves it that is killed after some renames; then `files` renames nothing more.
  private func cutOff(_ folder: RunFolder, after count: Int, job: String? = nil) throws {
    let calls = Counter()
    var files = FileStore()
    files.rename = { old, new throws(SystemError) in
      if calls.next() > count { throw SystemError(code: EIO) }
      try FileStore().rename(old, new)
    }
    _ = try? folder.putAside(files, for: RunStart(isFresh: true, job: job))
  }

  /// The next start completes what one has begun that was cut off, whether it begins anew or not.
  @Test(arguments: [1, 3, 5], [true, false])
  func whatWasCutOffIsCompleted(count: Int, isFresh: Bool) throws {
    try withTemporaryFolder { place in
      let folder = try run(in: place)
      try cutOff(folder, after: count, job: "a")
      #expect(names(place).filter { $0.hasPrefix("run.earlier-1/") }.count == count)
      let aside = try folder.putAside(for: RunStart(isFresh: isFresh, job: isFresh ? "b" : nil))
      #expect(aside?.hasSuffix("/run.earlier-1") == true && names(place) == allAside)
      // It was begun anew for that job, or for this one.
      let job = isFresh ? "b" : "a"
      try AtomicFile().write("new", to: "\(folder.path)/history.jsonl")
      #expect(try folder.putAside(for: RunStart(isFresh: true, job: job)) == nil)
      #expect(try folder.putAside(for: RunStart()) == nil)
      #expect(names(place) == (allAside + ["run/history.jsonl"]).sorted())
    }
  }

  /// Cut off before anything was moved, or used by others since: then nothing is on its way.
  @Test(arguments: [true, false])
  func whatIsNotOnItsWayStays(isUsed: Bool) throws {
    try withTemporaryFolder { place in
      let folder = try run(in: place)
      if isUsed {
        try cutOff(folder, after: 3)
        try FileStore().makeFolder("\(folder.path)/checkpoints")
      } else {
        try FileStore().makeFolder("\(folder.path).earlier-1")
        try AtomicFile().write("into run.earlier-1\n", to: "\(folder.path)/.fresh")
      }
      let before = names(place)
      #expect(try folder.putAside(for: RunStart()) == nil)
      #expect(names(place) == before)
      let aside = try folder.putAside()
      #expect(aside?.hasSuffix("/run.earlier-2") == true)
      #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/.fresh"))
    }
  }

  @Test func aJobBeginsAnewOnce() throws {
    try withTemporaryFolder { place in
      let folder = try run(in: place)
      func begin(_ job: String?) throws -> String? {
        defer { try? AtomicFile().write("", to: "\(folder.path)/history.jsonl") }
        return try folder.putAside(for: RunStart(isFresh: true, job: job)).map {
          String($0.suffix(1))
        }
      }
      let found = try ["a", "a", "b", "a", "a", nil, "a", nil, nil].map(begin)
      #expect(found == ["1", nil, "2", "3", nil, "4", "5", "6", "7"])
    }
  }

  /// A folder of the longest name is put aside under a shorter one.
  @Test func aNameThatWouldBeTooLongIsCut() throws {
    try withTemporaryFolder { place in
      let name = String(repeating: "\u{E9}", count: 127)
      let folder = try RunFolder(place.path + "/" + name)
      for number in 1...2 {
        try AtomicFile().write("x", to: "\(folder.path)/metrics.jsonl")
        let aside = try folder.putAside()
        #expect(aside?.hasSuffix("/" + name.dropLast(5) + ".earlier-\(number)") == true)
      }
      #expect(try FileStore().names(place.path).count == 5)
    }
  }
}

/// Counts calls.
private final class Counter: @unchecked Sendable {
  private var count = 0

  /// The number of this call, from 1.
  func next() -> Int {
    count += 1
    return count
  }
}
