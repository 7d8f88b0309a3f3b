import Files
import Foundation
import TestSupport
import Testing

/// Whole files: with whom they are shared, and what stands in their place before.
@Suite struct AtomicFileTests {
  @Test func filesAndFoldersAreWhatTheUmaskAllows() throws {
    try withTemporaryFolder { folder in
      let place = folder.path + "/a/b/c"
      try FileStore().makeFolder(place)
      try FileStore().makeFolder(place + "/")
      for part in ["/a", "/a/b", "/a/b/c"] {
        #expect(try mode(folder.path + part) == allowed(0o777))
      }
      try AtomicFile().write("x", to: place + "/file")
      #expect(try mode(place + "/file") == allowed(0o666))
      let record = try #require(try RecordFile(new: place + "/records"))
      try record.append([1])
      #expect(try mode(place + "/records") == allowed(0o666))
    }
  }

  @Test func aLinkIsReplacedAndNotFollowed() throws {
    try withTemporaryFolder { folder in
      let (victim, path) = (folder.path + "/victim", folder.path + "/file")
      try write("dear", victim)
      let files = FileManager.default
      for target in [victim, "nowhere"] {
        try? files.removeItem(atPath: path)
        try files.createSymbolicLink(atPath: path, withDestinationPath: target)
        // The name of the temporary file can be guessed.
        let guessed = folder.path + "/" + TemporaryName(label: "file").text
        try files.createSymbolicLink(atPath: guessed, withDestinationPath: victim)
        try AtomicFile().write("new", to: path)
        #expect(try text(victim) == "dear")
        #expect(try text(path) == "new")
        #expect(try FileStore().linkStatus(path).kind == .regular)
        #expect(FileStore().isAbsent(guessed))
      }
    }
  }

  /// A process that lives keeps its files: the name says which one of its number it is.
  @Test func aTemporaryNameSaysWhoseItIs() throws {
    let own = TemporaryName(label: "a.b")
    #expect(own.label == "a.b" && own.process == getpid() && own.start ?? 0 > 0)
    let parent = ProcessLife(of: getppid())
    guard case .started(let ticks) = parent else { return }
    for (name, isLeftOver) in [
      (".tmp.a.b.\(getppid())", false), (".tmp.a.b.start\(ticks).\(getppid())", false),
      (".tmp.a.b.start\(ticks + 1).\(getppid())", true),
    ] {
      let found = try #require(TemporaryName(name))
      #expect(found.label == "a.b" && found.text == name && found.isLeftOver == isLeftOver)
    }
    #expect(TemporaryName(".tmp.a.start.7")?.label == "a.start")
    #expect(TemporaryName(label: String(repeating: "x", count: 255)).text.utf8.count <= 255)
  }

  @Test func smallRegionsGoTogether() throws {
    try withTemporaryFolder { folder in
      let sizes =
        Array(repeating: 8, count: 500) + [1 << 20, 0, 7, (3 << 20) + 5, (1 << 20) - 1, 2, 9]
      let parts = sizes.enumerated().map { index, size in
        [UInt8]((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ index) })
      }
      let sink = Sink()
      var files = FileStore()
      files.write = { (descriptor, bytes) throws(SystemError) in
        sink.sizes.append(bytes.count)
        return try FileStore().write(descriptor, bytes)
      }
      let path = folder.path + "/file"
      try AtomicFile(files: files).write(parts.map { ByteRegion(copying: $0) }, to: path)
      #expect(FileManager.default.contents(atPath: path) == Data(parts.joined()))
      #expect(sink.sizes == [4000, 1 << 20, 7, (3 << 20) + 5, (1 << 20) - 1, 11])
    }
  }

  /// Nobody wants /dev/null to become a file.
  @Test func aPipeAndAFolderStay() throws {
    try withTemporaryFolder { folder in
      let (pipe, link) = (folder.path + "/pipe", folder.path + "/link")
      #expect(mkfifo(pipe, 0o600) == 0)
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "pipe")
      for path in [pipe, link, folder.path] {
        let error = failure { try AtomicFile().write("x", to: path) }
        #expect(error?.kind == .notWritable, "\(path)")
      }
      #expect(try FileStore().linkStatus(pipe).kind == .other)
      #expect(try FileStore().linkStatus(link).kind == .link)
    }
  }

  @Test func whereNoFolderCanBeIsSaid() throws {
    try withTemporaryFolder { folder in
      try write("", folder.path + "/file")
      for place in ["/file", "/file/a/b"] {
        #expect(failure { try FileStore().makeFolder(folder.path + place) }?.kind == .notWritable)
      }
      var files = FileStore()
      files.mkdir = { _ throws(SystemError) in throw SystemError(code: ENOSPC) }
      let full = files
      #expect(failure { try full.makeFolder(folder.path + "/a") }?.exitCode == 74)
      #expect(FileStore().isAbsent(folder.path + "/file/a") && FileStore().isAbsent("/nowhere/a"))
      files.status = { _ throws(SystemError) in throw SystemError(code: EACCES) }
      #expect(!files.isAbsent(folder.path + "/a"))
    }
  }

  @Test func theLongestNameIsWritten() throws {
    try withTemporaryFolder { folder in
      let name = String(repeating: "n", count: 255)
      try AtomicFile().write("x", to: folder.path + "/" + name)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [name])
    }
  }

  /// The limit of `ulimit -f`, once the signal is ignored.
  @Test(arguments: [true, false])
  func aLimitOnFileSizesIsAnErrorOfTheWrite(isDurable: Bool) throws {
    try withTemporaryFolder { folder in
      var files = FileStore()
      files.write = { _, _ throws(SystemError) in throw SystemError(code: EFBIG) }
      let writer = AtomicFile(files: files, isDurable: isDurable)
      let error = failure { try writer.write("x", to: folder.path + "/file") }
      #expect(error?.exitCode == 74 && error?.kind == .inputOutput)
      #expect(error?.detail.hasSuffix("raise the limit on the size of files (ulimit -f)") == true)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(names == [])
    }
  }
}

/// What one thread wrote in each call, in bytes.
private final class Sink: @unchecked Sendable {
  var sizes: [Int] = []
}
