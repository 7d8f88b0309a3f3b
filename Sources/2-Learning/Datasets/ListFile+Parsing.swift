import Files

extension ListFile {
  private enum Byte {
    static let tab = UInt8(ascii: "\t")
    static let newline = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")
    static let hash = UInt8(ascii: "#")
    static let slash = UInt8(ascii: "/")
    static let dot = UInt8(ascii: ".")
  }

  /// Finds the fields of all lines.
  mutating func parse() throws(DatasetError) {
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
      .map { trimmed($0.startIndex..<$0.endIndex) }
    let isID = parts.count == 1 && bytes[range].allSatisfy { $0 != Byte.slash && $0 != Byte.dot }
    guard parts.count == 2 || isID && ids != nil else {
      throw fault(line, "\(parts.count) fields" + expectation(range, isID: isID))
    }
    let image = try checked(parts[0], line: line)
    let label = parts.count == 2 ? try checked(parts[1], line: line) : 0..<0
    fields.append(Fields(image: image, label: label, line: UInt32(line)))
  }

  /// What is said of a line that has not two fields.
  private func expectation(_ range: Range<Int>, isID: Bool) -> String {
    let expected = "; expected an image and a label file"
    if let blank = blank(in: text(range)) {
      return ", and \(blank), which separates nothing\(expected), a space or a tab between them"
    }
    if ids != nil { return expected + ", or an id of PASCAL VOC" }
    return expected + (isID ? "; ids alone are read where the format is voc" : "")
  }

  /// The part of a path that lies below the root; throws if it may not stand there.
  private func checked(_ range: Range<Int>, line: Int) throws(DatasetError) -> Range<UInt32> {
    let path = bytes[range]
    guard range.count <= Limit.pathBytes else {
      throw fault(line, "a path of \(range.count) bytes; expected at most \(Limit.pathBytes)")
    }
    guard !path.contains(where: { $0 < 0x20 || $0 == 0x7f }),
      String(validating: path, as: UTF8.self) != nil
    else { throw fault(line, "a path with control characters or invalid UTF-8") }
    let dots = ArraySlice("..".utf8)
    guard !path.split(separator: Byte.slash).contains(where: { $0.elementsEqual(dots) }) else {
      throw fault(line, "path \(text(range)) goes up by '..'; expected one under the root folder")
    }
    let prefix = rootPrefixes.first { path.starts(with: $0) }?.count ?? 0
    let relative = path.dropFirst(prefix).drop { $0 == Byte.slash }
    guard !relative.isEmpty else {
      throw fault(line, "path '\(text(range))' names no file; expected one under the root folder")
    }
    return UInt32(relative.startIndex)..<UInt32(relative.endIndex)
  }

  private func text(_ range: Range<Int>) -> String {
    String(decoding: bytes[range], as: UTF8.self)
  }
}
