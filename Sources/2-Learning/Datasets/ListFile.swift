import Files
import Foundation
import ImageIO

/// A list of samples: lines of `image label`, paths below a root folder.
///
/// A tab separates the two, and then the paths may hold spaces; without a tab, spaces do. Blank
/// lines, lines that start with `#` and a byte order mark are skipped. A leading slash is that of the
/// root folder, whose own path may stand before a path too; `..` is refused. Symbolic links are
/// followed, wherever they lead: they are the user's. Of PASCAL VOC an id alone stands for
/// `JPEGImages/ID.jpg` and `SegmentationClassAug/ID.png`, or `SegmentationClass/ID.png` if there is no
/// such folder. Kept as bytes: 10^7 samples take 20 bytes each beside the text.
package struct ListFile: Sendable {
  /// A line of the list.
  package struct Entry: Equatable, Sendable {
    /// The image's path, relative to the root.
    package let image: String
    /// The label file's path, relative to the root.
    package let label: String
    /// The line, counted from 1.
    package let line: Int
  }

  /// The limits of a list file.
  package enum Limit {
    /// Lines of a list.
    package static let lines = 10_000_000
    /// Bytes of a path.
    package static let pathBytes = 4096
    /// Bytes of the file.
    package static let fileBytes = 2 << 30
  }

  /// Where in the text a line's paths are; of an id the label is empty.
  struct Fields: Sendable {
    var image: Range<UInt32>
    var label: Range<UInt32>
    var line: UInt32
  }

  /// The list file, as it was given.
  package let path: String
  /// The root folder, symbolic links resolved.
  package let root: String
  let bytes: [UInt8]
  /// The root folder as it was given and as it is, with a slash at its end.
  let rootPrefixes: [[UInt8]]
  /// The folders of the images and labels that ids stand for; nil if the list may hold none.
  let ids: (images: String, labels: String)?
  var fields: [Fields] = []

  /// The number of samples.
  package var count: Int { fields.count }

  /// Reads a list file; no image is touched.
  package init(
    path: String, root: String, encoding: LabelEncoding? = nil
  ) throws(DatasetError) {
    let bytes: [UInt8]
    do {
      bytes = try FileBytes.contents(of: path, limit: Limit.fileBytes)
    } catch {
      throw DatasetError(error, .list)
    }
    try self.init(bytes: bytes, path: path, root: root, encoding: encoding)
  }

  /// Parses the text of a list.
  ///
  /// - Parameters:
  ///   - bytes: the text.
  ///   - path: names it in errors.
  ///   - root: the folder that its paths start from.
  ///   - encoding: how the label files name classes; lists of some formats, as VOC's, may hold ids.
  package init(
    bytes: [UInt8], path: String, root: String, encoding: LabelEncoding? = nil
  ) throws(DatasetError) {
    self.path = path
    self.bytes = bytes
    guard let realRoot = realPath(root) else {
      throw DatasetError(
        .list, at: path, "root folder \(root): \(String(cString: strerror(errno)))")
    }
    self.root = realRoot
    rootPrefixes = [root, realRoot].filter { $0.hasPrefix("/") }
      .map { Array(($0.hasSuffix("/") ? $0 : $0 + "/").utf8) }
    ids = encoding?.format.card.ids.flatMap { folders in
      let there = folders.labels.first { access(realRoot + "/" + $0, F_OK) == 0 }
      return (there ?? folders.labels.last).map { (folders.images, $0) }
    }
    try parse()
    guard !fields.isEmpty else { throw DatasetError(.list, at: path, "no samples") }
  }

  /// The sample at an index in `0..<count`.
  package subscript(index: Int) -> Entry {
    let fields = fields[index]
    let (image, line) = (text(fields.image), Int(fields.line))
    if let ids, fields.label.isEmpty {
      return Entry(
        image: "\(ids.images)/\(image).jpg", label: "\(ids.labels)/\(image).png", line: line)
    }
    return Entry(image: image, label: text(fields.label), line: line)
  }

  /// The file under the root that a path of the list names; it is there, behind links or not.
  package func resolve(_ relative: String, line: Int) throws(DatasetError) -> String {
    let joined = (root == "/" ? "" : root) + "/" + relative
    let error: SystemError
    do throws(SystemError) {
      try FileStore().access(joined, F_OK)
      return joined
    } catch let failure {
      error = failure
    }
    var reason = "\(relative): \(String(cString: strerror(error.code))) under \(root)"
    if let blank = blank(in: relative) {
      reason += "; the path holds \(blank)"
    } else if root != "/", access("/" + relative, F_OK) == 0 {
      reason += "; /\(relative) is not under it: choose a root folder above that"
    }
    throw fault(line, reason, origin: .init(error))
  }

  /// The sample whose image is a given file; nil if the list does not hold it.
  ///
  /// Only samples with the file's own name are looked at, so that long lists are quick.
  package func index(ofImage path: String) -> Int? {
    guard let wanted = realPath(path) else { return nil }
    func name(_ path: String) -> Substring? { path.split(separator: "/").last }
    return (0..<count).first { index in
      let entry = self[index]
      guard name(entry.image) == name(path) else { return false }
      return (try? resolve(entry.image, line: entry.line)).flatMap(realPath) == wanted
    }
  }

  func text(_ range: Range<UInt32>) -> String {
    String(decoding: bytes[Int(range.lowerBound)..<Int(range.upperBound)], as: UTF8.self)
  }

  func fault(
    _ line: Int, _ reason: String, origin: DatasetError.Origin = .content
  ) -> DatasetError {
    DatasetError(.list, at: "\(path):\(line)", reason, origin: origin)
  }

  /// The first character of a text that looks like a space, or like nothing, and separates nothing; by
  /// its number, for messages.
  func blank(in text: String) -> String? {
    text.unicodeScalars.first { scalar in
      !scalar.isASCII
        && (scalar.properties.isWhitespace || scalar.properties.generalCategory == .format)
    }.map { scalar in
      let digits = String(scalar.value, radix: 16, uppercase: true)
      let name = scalar == "\u{A0}" ? "a no-break space" : "a character that does not show"
      return "\(name), U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)"
    }
  }
}

/// The path with symbolic links resolved; nil, with errno set, if there is no such file.
private func realPath(_ path: String) -> String? {
  guard let resolved = realpath(path, nil) else { return nil }
  defer { free(resolved) }
  return String(cString: resolved)
}
