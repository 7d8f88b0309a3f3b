import Foundation

/// Runs a test with an empty folder of its own, which is removed afterwards.
public func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "rdd-test-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}

/// A folder that is gone with the value.
public final class TemporaryFolder: Sendable {
  /// Where it is, without symbolic links.
  public let path: String

  /// A new folder. It lies in memory where it can: tests would bring thousands of files to the disk.
  public init() throws {
    let shared = "/dev/shm"
    let isThere = FileManager.default.isWritableFile(atPath: shared)
    let place = isThere ? URL(fileURLWithPath: shared) : FileManager.default.temporaryDirectory
    let url = place.appendingPathComponent("rdd-test-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.resolvingSymlinksInPath().path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file of this folder and returns its path.
  public func write(_ bytes: [UInt8], as name: String = "file") throws -> String {
    let file = path + "/" + name
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  /// Makes a folder in this one, and those above it.
  public func folder(_ name: String) throws {
    try FileManager.default.createDirectory(
      atPath: path + "/" + name, withIntermediateDirectories: true)
  }

  /// The names in it, sorted.
  public var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}
