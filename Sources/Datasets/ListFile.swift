import Files
import Foundation
import ImageIO

/// A list of samples: lines of `image label`, paths relative to a root folder.
///
/// A tab separates the two, and then the paths may hold spaces; without a tab, spaces do. Blank
/// lines, lines that start with `#` and a byte order mark are skipped. A path is relative, without
/// `..`, and stays under the root after symbolic links are resolved. Kept as bytes: 10^7 samples
/// take 20 bytes each beside the text.
public struct ListFile: Sendable {
  /// A line of the list.
  public struct Entry: Equatable, Sendable {
    /// The image's path, relative to the root.
    public let image: String
    /// The label file's path, relative to the root.
    public let label: String
    /// The line, counted from 1.
    public let line: Int
  }

  /// The limits of a list file.
  public enum Limit {
    /// Lines of a list.
    public static let lines = 10_000_000
    /// Bytes of a path.
    public static let pathBytes = 4096
    /// Bytes of the file.
    public static let fileBytes = 2 << 30
  }

  private struct Fields: Sendable {
    var image: Range<UInt32>
    var label: Range<UInt32>
    var line: UInt32
  }

  /// The list file, as it was given.
  public let path: String
  /// The root folder, symbolic links resolved.
  public let root: String
  private let bytes: [UInt8]
  private var fields: [Fields] = []

  /// The number of samples.
  public var count: Int { fields.count }

  /// Reads a list file; no image is touched.
  public init(path: String, root: String) throws(DatasetError) {
    let bytes: [UInt8]
    do {
      bytes = try FileBytes.contents(of: path, limit: Limit.fileBytes)
    } catch {
      throw DatasetError(.list, at: path, error.reason)
    }
    try self.init(bytes: bytes, path: path, root: root)
  }

  /// Parses the text of a list; `path` names it in errors.
  public init(bytes: [UInt8], path: String, root: String) throws(DatasetError) {
    self.path = path
    self.bytes = bytes
    guard let root = realPath(root) else {
      throw DatasetError(
        .list, at: path, "root folder \(root): \(String(cString: strerror(errno)))")
    }
    self.root = root
    try parse()
    guard !fields.isEmpty else { throw DatasetError(.list, at: path, "no samples") }
  }

  /// The sample at an index in `0..<count`.
  public subscript(index: Int) -> Entry {
    let fields = fields[index]
    return Entry(image: text(fields.image), label: text(fields.label), line: Int(fields.line))
  }

  /// The file that a path of the list names, symbolic links resolved; it lies under the root.
  public func resolve(_ relative: String, line: Int) throws(DatasetError) -> String {
    let joined = root + "/" + relative
    guard let resolved = realPath(joined) else {
      throw fault(line, "\(relative): \(String(cString: strerror(errno))) under \(root)")
    }
    guard resolved.hasPrefix(root == "/" ? root : root + "/") else {
      throw fault(line, "\(relative): leads outside the root folder \(root)")
    }
    return resolved
  }

  /// The sample whose image is a given file; nil if the list does not hold it.
  ///
  /// Only samples with the file's own name are looked at, so that long lists are quick.
  public func index(ofImage path: String) -> Int? {
    guard let wanted = realPath(path) else { return nil }
    func name(_ path: String) -> Substring? { path.split(separator: "/").last }
    return (0..<count).first { index in
      let entry = self[index]
      return name(entry.image) == name(path)
        && (try? resolve(entry.image, line: entry.line)) == wanted
    }
  }

  private func text(_ range: Range<UInt32>) -> String {
    String(decoding: bytes[Int(range.lowerBound)..<Int(range.upperBound)], as: UTF8.self)
  }

  private func fault(_ line: Int, _ reason: String) -> DatasetError {
    DatasetError(.list, at: "\(path):\(line)", reason)
  }
}

extension ListFile {
  private enum Byte {
    static let tab = UInt8(ascii: "\t")
    static let newline = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")
    static let hash = UInt8(ascii: "#")
    static let slash = UInt8(ascii: "/")
  }

  private mutating func parse() throws(DatasetError) {
    guard !TextBytes.isUTF16(bytes) else {
      throw DatasetError(.list, at: path, "text in UTF-16; expected text in UTF-8; save it as such")
    }
    var start = TextBytes.markCount(bytes)
    var line = 0
    while start < bytes.count {
      line += 1
      guard line <= Limit.lines else {
        throw DatasetError(.list, at: path, "more than \(Limit.lines) lines")
      }
      let end = bytes[start...].firstIndex(of: Byte.newline) ?? bytes.count
      try parse(trimmed(start..<end), line: line)
      start = end + 1
    }
  }

  /// The range without white space at its ends; a carriage return counts as such.
  private func trimmed(_ range: Range<Int>) -> Range<Int> {
    func isBlank(_ byte: UInt8) -> Bool {
      byte == Byte.space || byte == Byte.tab || byte == Byte.carriageReturn
    }
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, isBlank(bytes[start]) { start += 1 }
    while end > start, isBlank(bytes[end - 1]) { end -= 1 }
    return start..<end
  }

  private mutating func parse(_ range: Range<Int>, line: Int) throws(DatasetError) {
    guard let first = bytes[range].first, first != Byte.hash else { return }
    let separator = bytes[range].contains(Byte.tab) ? Byte.tab : Byte.space
    let parts = bytes[range].split(separator: separator)
    guard parts.count == 2 else {
      throw fault(line, "\(parts.count) fields; expected an image and a label file")
    }
    let image = trimmed(parts[0].startIndex..<parts[0].endIndex)
    let label = trimmed(parts[1].startIndex..<parts[1].endIndex)
    try checkPath(image, line: line)
    try checkPath(label, line: line)
    fields.append(
      Fields(
        image: UInt32(image.lowerBound)..<UInt32(image.upperBound),
        label: UInt32(label.lowerBound)..<UInt32(label.upperBound), line: UInt32(line)))
  }

  private func checkPath(_ range: Range<Int>, line: Int) throws(DatasetError) {
    let path = bytes[range]
    guard range.count <= Limit.pathBytes else {
      throw fault(line, "a path of \(range.count) bytes; expected at most \(Limit.pathBytes)")
    }
    guard !path.isEmpty else { throw fault(line, "an empty path") }
    guard !path.contains(where: { $0 < 0x20 || $0 == 0x7f }),
      String(validating: path, as: UTF8.self) != nil
    else { throw fault(line, "a path with control characters or invalid UTF-8") }
    guard path.first != Byte.slash else {
      throw fault(line, "absolute path \(text(range)); expected one relative to the root folder")
    }
    let dots = ArraySlice("..".utf8)
    guard !path.split(separator: Byte.slash).contains(where: { $0.elementsEqual(dots) }) else {
      throw fault(line, "path \(text(range)) goes up by '..'; expected one under the root folder")
    }
  }

  private func text(_ range: Range<Int>) -> String {
    String(decoding: bytes[range], as: UTF8.self)
  }
}

/// The path with symbolic links resolved; nil, with errno set, if there is no such file.
private func realPath(_ path: String) -> String? {
  guard let resolved = realpath(path, nil) else { return nil }
  defer { free(resolved) }
  return String(cString: resolved)
}
