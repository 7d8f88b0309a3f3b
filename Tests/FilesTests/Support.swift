import Files
import Foundation

/// What of a file's mode the umask leaves, of all that may be asked for.
func allowed(_ mode: UInt16) throws -> UInt16 {
  let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
  let line = status.split(separator: "\n").first { $0.hasPrefix("Umask:") }
  let umask = line.flatMap { UInt16($0.split(separator: "\t").last ?? "", radix: 8) } ?? 0
  return mode & ~umask
}

/// The bits of a file's mode.
func mode(_ path: String) throws -> UInt16? {
  let attributes = try FileManager.default.attributesOfItem(atPath: path)
  return (attributes[.posixPermissions] as? NSNumber)?.uint16Value
}

/// The text of a file.
func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

/// Writes a file as others would.
func write(_ text: String, _ path: String) throws {
  try text.write(toFile: path, atomically: false, encoding: .utf8)
}

/// The error that `body` throws; nil if it throws none.
func failure(_ body: () throws -> Void) -> FileError? {
  do {
    try body()
    return nil
  } catch {
    return error as? FileError
  }
}
