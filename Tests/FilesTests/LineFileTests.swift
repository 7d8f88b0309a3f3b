import Files
import Foundation
import Synchronization
import TestSupport
import Testing

/// Files of lines that others replace, remove or cut while they grow.
@Suite struct LineFileTests {
  /// A file of the lines one and two, to which `change` happens, and the line three; what was said then.
  private func said(
    _ folder: URL, lost: Int = 0, _ change: (String) throws -> Void
  ) throws -> [String] {
    let path = folder.path + "/lines"
    var said: [String] = []
    let file = try LineFile(path, warn: { said.append($0) })
    for line in ["one", "two"] { file.append(line.utf8) }
    #expect(said.isEmpty && file.count == 2)
    try change(path)
    for line in ["three", "four"] { file.append(line.utf8) }
    #expect(file.lost == lost)
    return said
  }

  /// An editor or `sed -i`: another file under the name, of which a line is missing.
  @Test(arguments: ["one\n", "one"])
  func linesGoOnInTheFileThatTookItsPlace(rest: String) throws {
    try withTemporaryFolder { folder in
      let said = try said(folder) { path in
        try write(rest, path + ".new")
        try FileStore().rename(path + ".new", path)
      }
      #expect(try text(folder.path + "/lines") == "one\nthree\nfour\n")
      #expect(said.count == 1 && said[0].hasPrefix(folder.path + "/lines: found another file"))
      #expect(said.first?.contains("1 of 2 are missing") == true, "\(said)")
    }
  }

  @Test func aFileThatIsGoneIsMadeAnew() throws {
    try withTemporaryFolder { folder in
      let said = try said(folder) { try FileStore().unlink($0) }
      #expect(try text(folder.path + "/lines") == "three\nfour\n")
      #expect(said.count == 1 && said[0].contains("/lines: found none"), "\(said)")
      #expect(said.first?.contains("2 of 2 are missing") == true)
    }
  }

  @Test func aFileThatWasCutIsTold() throws {
    try withTemporaryFolder { folder in
      let said = try said(folder) { try write("one\n", $0) }
      #expect(try text(folder.path + "/lines") == "one\nthree\nfour\n")
      #expect(said.count == 1 && said[0].contains("1 of 2 are missing"), "\(said)")
    }
  }

  /// Neither is what a line may go into, and no start of a run waits for a pipe.
  @Test(arguments: ["link", "pipe", "folder"])
  func whatIsNoFileGetsNoLine(kind: String) throws {
    try withTemporaryFolder { folder in
      let other = folder.path + "/other"
      try write("other\n", other)
      let said = try said(folder, lost: 2) { path in
        try FileStore().unlink(path)
        switch kind {
        case "link":
          try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: other)
        case "pipe": #expect(mkfifo(path, 0o600) == 0)
        default: try FileStore().mkdir(path)
        }
      }
      #expect(said.isEmpty)
      #expect(try text(other) == "other\n")
    }
  }

  /// The folder of another run has taken the place of this one's, with files of the same names.
  @Test func anotherRunsFileGetsNoLine() throws {
    try withTemporaryFolder { place in
      let folder = place.path + "/run"
      try FileStore().makeFolder(folder)
      let lock = try RunFolderLock(folder: folder)
      var said: [String] = []
      let files = lock.guarding(FileStore())
      let file = try LineFile(folder + "/lines", files: files, warn: { said.append($0) })
      file.append("ours".utf8)
      try FileManager.default.moveItem(atPath: folder, toPath: folder + "-old")
      try FileStore().makeFolder(folder)
      file.append("lost".utf8)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
      for name in [".lock", "lines"] { try write("theirs\n", folder + "/" + name) }
      file.append("lost".utf8)
      #expect(try text(folder + "/lines") == "theirs\n")
      #expect(file.lost == 2 && said.isEmpty)
      withExtendedLifetime(lock) {}
    }
  }
}
