import Glibc

/// The files in which the kernel tells of this machine, `/proc` and `/sys`, or copies of them.
package struct HostFiles: Sendable {
  /// What stands before every path; empty for this machine's own files.
  package let root: String

  /// The files below a folder; by default this machine's own.
  package init(root: String = "") { self.root = root }

  /// The whole text of a file; nil if it cannot be read. The kernel does not tell the size of such a
  /// file, so it is read to its end.
  package func text(_ path: String) -> String? {
    let descriptor = open(root + path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = part.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
      bytes += part[..<count]
    }
  }

  /// The number that a file holds; nil if there is none, as in one that says `max`.
  package func number(_ path: String) -> Int? { text(path).flatMap { Self.number($0) } }

  /// The names in a folder; none if it cannot be read.
  package func names(_ path: String) -> [String] {
    guard let folder = opendir(root + path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names
  }

  /// The number after a key at the beginning of a line, as in `MemTotal:  24 kB` or `inactive_file 4096`.
  package static func number(_ key: String, in text: String) -> Int? {
    text.split(separator: "\n").lazy.filter { $0.hasPrefix(key) }.compactMap { line in
      let words = line.dropFirst(key.count).split(whereSeparator: \.isBlank)
      // `inactive_file` is no beginning of `inactive_file_more`.
      guard line.dropFirst(key.count).first?.isBlank ?? false else { return nil }
      return words.first.flatMap { Int($0) }
    }.first
  }

  private static func number(_ text: String) -> Int? {
    text.split(whereSeparator: \.isBlank).first.flatMap { Int($0) }
  }
}

extension Character {
  /// Whether it parts words and lines in the kernel's files.
  var isBlank: Bool { self == " " || self == "\t" || self == "\n" }
}
