import Foundation
import Host
import TestSupport

/// A machine whose /proc and /sys are files of a test.
struct FakeHost {
  private let folder: URL
  var files: HostFiles { HostFiles(root: folder.path) }

  /// Runs a test on a machine with these files.
  static func with(_ texts: [String: String], _ body: (FakeHost) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let host = FakeHost(folder: folder)
      for (path, text) in texts { try host.write(path, text) }
      try body(host)
    }
  }

  /// Writes a file.
  func write(_ path: String, _ text: String) throws {
    let file = folder.appendingPathComponent(path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try text.write(to: file, atomically: false, encoding: .utf8)
  }

  /// A line of /proc/self/mountinfo.
  static func mount(
    _ type: String, at point: String, root: String = "/", options: String = "rw"
  ) -> String {
    "30 24 0:26 \(root) \(point) rw,nosuid shared:9 - \(type) \(type) rw,\(options)\n"
  }
}
