import DataParallel
import Foundation
import TestSupport
import Testing

/// What dead jobs left is found, by rdd and by the scripts alike, and nothing that lives.
///
/// One after the other: a file that is open anywhere counts as used by its name.
@Suite(.serialized) struct LeftBehindTests {
  /// Names as Open MPI 4 and 5 make them, and the process whose number some of them hold.
  private static func names(_ process: pid_t, host: String = HostName.current) -> [String] {
    [
      "m/vader_segment.\(host).\(geteuid()).416e0001.0", "m/sm_segment.\(host).0.5fa90001.11",
      "t/ompi.\(host).\(geteuid())/pid.\(process)/0/file",
      "t/prte.\(host).\(geteuid())/dvm.\(process)/file",
      "t/prterun.\(host).\(process).\(geteuid())/file", "t/ompi.\(process)/1/file",
    ]
  }

  /// Makes files of these names, and asks both ways what is dead.
  private func left(_ names: [String], while body: ([URL]) throws -> Void = { _ in }) throws -> (
    rdd: Set<String>, scripts: Set<String>
  ) {
    try withTemporaryFolder { folder in
      let files = names.map { folder.appendingPathComponent($0) }
      for file in files {
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(count: 4096).write(to: file)
      }
      try body(files)
      let (memory, other) = (folder.path + "/m", folder.path + "/t")
      let rdd = LeftBehind(memory: memory, folders: [other]).paths
      let script = Repository.path("launch/lib.d/left-behind.sh")
      let result = try ProcessRun.run(
        "bash", ["-c", ". \(script); left_behind \(memory) \(other) | tr '\\0' '\\n'"],
        environment: ProcessInfo.processInfo.environment, timeout: 30)
      let scripts = result.standardOutput.split(separator: "\n").map(String.init)
      func short(_ paths: [String]) -> Set<String> {
        Set(paths.map { String($0.dropFirst(folder.path.count + 1)) })
      }
      return (short(rdd), short(scripts))
    }
  }

  /// The number of a process that has ended.
  private func deadProcess() throws -> pid_t {
    let result = try ProcessRun.run("sh", ["-c", "echo $$"], environment: [:], timeout: 30)
    return try #require(pid_t(result.standardOutput.dropLast()))
  }

  /// Whether this is no container.
  private static let seesAll =
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid"))
    == "pid:[4026531836]"

  @Test func allOfADeadJobIsFound() throws {
    let dead = try deadProcess()
    // In a container, a name that holds no host is another's.
    let known = Self.names(dead).filter { Self.seesAll || !$0.hasPrefix("t/ompi.\(dead)") }
    let found = try left(Self.names(dead))
    let expected = known.map { name in
      // Of a session, its folder.
      name.split(separator: "/").prefix { $0 != "0" && $0 != "1" && $0 != "file" }
        .joined(separator: "/")
    }
    #expect(found.rdd == Set(expected))
    #expect(found.scripts == found.rdd)
  }

  @Test func whatIsOpenOrMappedStays() throws {
    var open: [FileHandle] = []
    var mapped: [UnsafeMutableRawPointer?] = []
    defer {
      for handle in open { try? handle.close() }
      for region in mapped { munmap(region, 4096) }
    }
    let found = try left(Self.names(try deadProcess())) { files in
      for (index, file) in files.enumerated() {
        let handle = try FileHandle(forReadingFrom: file)
        if index % 2 == 0 {
          open.append(handle)
        } else {
          mapped.append(mmap(nil, 4096, PROT_READ, MAP_SHARED, handle.fileDescriptor, 0))
        }
      }
    }
    #expect(found.rdd == [] && found.scripts == [], "\(found)")
  }

  @Test func theFolderOfALivingLauncherStays() throws {
    try withTemporaryFolder { folder in
      let launcher = folder.appendingPathComponent("mpirun")
      // No copy: a child that is started meanwhile may still have it open for writing.
      try FileManager.default.createSymbolicLink(
        atPath: launcher.path, withDestinationPath: "/bin/bash")
      let process = Process()
      process.executableURL = launcher
      process.arguments = ["-c", "read"]
      let input = Pipe()
      process.standardInput = input
      try process.run()
      defer {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
      }
      let sessions = Self.names(process.processIdentifier).filter { $0.hasPrefix("t/") }
      let found = try left(sessions)
      #expect(found.rdd == [] && found.scripts == [], "\(found)")
    }
  }

  @Test func filesOfOtherHostsAndOtherProgramsStay() throws {
    let dead = try deadProcess()
    let others =
      Self.names(dead, host: "elsewhere").filter { !$0.hasPrefix("t/ompi.\(dead)") } + [
        "m/sem.mine", "m/vader_segment", "t/ompi-notes/file", "t/prte.txt",
        "t/ompi.\(HostName.current).\(geteuid())/jf.0/1/file",
        // A daemon's folder, just made.
        "t/ompi.\(HostName.current).\(geteuid())/jf.77/1/file",
      ]
    let found = try left(others)
    #expect(found.rdd == [] && found.scripts == [], "\(found)")
  }

  @Test func clearingRemovesIt() throws {
    try withTemporaryFolder { folder in
      // A number of its own: other tests use a file of the other one meanwhile.
      let file = folder.appendingPathComponent("vader_segment.\(HostName.current).0.41770001.0")
      try Data(count: 8).write(to: file)
      LeftBehind(memory: folder.path, folders: []).clear()
      #expect(!FileManager.default.fileExists(atPath: file.path))
    }
  }
}
