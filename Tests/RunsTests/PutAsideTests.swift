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

/// Counts calls.
private final class Counter: @unchecked Sendable {
  private var count = 0

  /// The number of this call, from 1.
  func next() -> Int {
    count += 1
    return count
  }
}
