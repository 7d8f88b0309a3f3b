import Files

/// The stored (not compressed) entries of a zip file, as `torch.save` writes them.
///
/// Names are only compared, never used as paths. Entries lie one after another without overlaps.
struct ZipArchive {
  private struct Entry {
    let name: String
    let checksum: UInt32
    let byteCount: Int
    let headerOffset: Int
    /// Why its bytes cannot be read; nil if they can.
    let fault: FileError?
  }

  private let file: ByteRegion
  private let path: String
  private var regions: [String: (bytes: ByteRegion, checksum: UInt32, fault: FileError?)] = [:]

  /// The entries' names.
  var names: some Collection<String> { regions.keys }

  /// What the archive holds, for messages.
  var contents: String {
    guard !names.isEmpty else { return "an empty archive" }
    let more = names.count > 3 ? " and \(names.count - 3) more" : ""
    return "an archive of " + names.sorted().prefix(3).map(quoted).joined(separator: ", ") + more
  }

  /// Reads the directory of the zip file `file` and checks it against the file.
  init(_ file: ByteRegion, path: String) throws(FileError) {
    self.file = file
    self.path = path
    let directory = try Self.directory(file, path: path)
    var entries: [Entry] = []
    var reader = ByteReader(
      file[0..<directory.upperBound], path: path, part: "zip directory", at: directory.lowerBound)
    while reader.remaining > 0 { entries.append(try Self.entry(&reader)) }
    var end = 0
    for entry in entries.sorted(by: { $0.headerOffset < $1.headerOffset }) {
      let bytes = try Self.data(
        of: entry, in: file[0..<directory.lowerBound], after: end, path: path)
      guard
        regions.updateValue((bytes.region, entry.checksum, entry.fault), forKey: entry.name) == nil
      else {
        throw .refused(
          path, "zip entry \(quoted(entry.name))", found: "it twice", expected: "it once")
      }
      end = bytes.end
    }
  }

  /// The bytes of an entry, checked against their checksum; nil if there is no such entry.
  func bytes(_ name: String) throws(FileError) -> ByteRegion? {
    guard let (bytes, checksum, fault) = regions[name] else { return nil }
    if let fault { throw fault }
    let found = CRC32.checksum(bytes)
    guard found == checksum else {
      throw .refused(
        path, "zip entry \(quoted(name))", found: "checksum \(String(found, radix: 16))",
        expected: String(checksum, radix: 16))
    }
    return bytes
  }

  /// Where the central directory lies, from the record at the end of the file.
  private static func directory(
    _ file: ByteRegion, path: String
  ) throws(FileError) -> Range<Int> {
    // The record has 22 bytes and a comment; torch writes none, so it must be the very end.
    let recordOffset = file.count - 22
    guard recordOffset >= 0 else {
      throw .refused(path, found: "\(file.count) bytes", expected: "a zip file of 22 or more")
    }
    var record = ByteReader(file, path: path, part: "zip end", at: recordOffset)
    guard try record.number(UInt32.self) == 0x0605_4B50 else {
      throw record.refused(
        at: recordOffset, found: "no end record", expected: "one in the last 22 bytes")
    }
    _ = try record.take(4)
    _ = try record.take(4)
    var byteCount = try record.size(UInt32.self)
    var offset = try record.size(UInt32.self)
    var limit = recordOffset
    if byteCount == 0xFFFF_FFFF || offset == 0xFFFF_FFFF {
      // The sizes are in a larger record, which a locator of 20 bytes before this one points at.
      var locator = ByteReader(file, path: path, part: "zip64 end", at: max(0, recordOffset - 20))
      guard try locator.number(UInt32.self) == 0x0706_4B50 else {
        throw locator.refused(found: "no zip64 locator", expected: "one before the end record")
      }
      _ = try locator.take(4)
      limit = try locator.size(UInt64.self)
      guard limit <= recordOffset else {
        throw locator.refused(found: "its record at \(limit)", expected: "it before the locator")
      }
      var large = ByteReader(file, path: path, part: "zip64 end", at: limit)
      guard try large.number(UInt32.self) == 0x0606_4B50 else {
        throw large.refused(at: limit, found: "no zip64 record", expected: "one")
      }
      _ = try large.take(36)
      byteCount = try large.size(UInt64.self)
      offset = try large.size(UInt64.self)
    }
    guard offset <= limit, byteCount <= limit - offset else {
      throw record.refused(
        at: recordOffset, found: "a directory of \(byteCount) bytes at \(offset)",
        expected: "its end at or before byte \(limit)")
    }
    return offset..<offset + byteCount
  }

  /// The next entry of the central directory.
  private static func entry(_ reader: inout ByteReader) throws(FileError) -> Entry {
    let start = reader.position
    guard try reader.number(UInt32.self) == 0x0201_4B50 else {
      throw reader.refused(at: start, found: "no entry", expected: "an entry")
    }
    _ = try reader.take(4)
    let flags = try reader.number(UInt16.self)
    let method = try reader.number(UInt16.self)
    _ = try reader.take(4)
    let checksum = try reader.number(UInt32.self)
    var storedCount = try reader.size(UInt32.self)
    var byteCount = try reader.size(UInt32.self)
    let nameCount = try reader.size(UInt16.self)
    let extraCount = try reader.size(UInt16.self)
    let commentCount = try reader.size(UInt16.self)
    _ = try reader.take(8)
    var headerOffset = try reader.size(UInt32.self)
    let name = try reader.text(nameCount)
    var extra = ByteReader(try reader.take(extraCount), path: reader.path, part: "zip64 sizes")
    _ = try reader.take(commentCount)
    while extra.remaining >= 4 {
      let kind = try extra.number(UInt16.self)
      var field = ByteReader(
        try extra.take(extra.size(UInt16.self)), path: reader.path, part: "zip64 sizes")
      guard kind == 1 else { continue }
      if byteCount == 0xFFFF_FFFF { byteCount = try field.size(UInt64.self) }
      if storedCount == 0xFFFF_FFFF { storedCount = try field.size(UInt64.self) }
      if headerOffset == 0xFFFF_FFFF { headerOffset = try field.size(UInt64.self) }
    }
    let place = "zip entry \(quoted(name))"
    var fault: FileError?
    if method != 0 || storedCount != byteCount {
      fault = .refused(
        reader.path, place,
        found: "compression method \(method), \(storedCount) bytes for \(byteCount)",
        expected: "stored bytes (method 0)", advice: "save the file again with torch.save")
    }
    if flags & 0x2041 != 0 {
      fault = .refused(reader.path, place, found: "encryption", expected: "plain bytes")
    }
    return Entry(
      name: name, checksum: checksum, byteCount: storedCount, headerOffset: headerOffset,
      fault: fault)
  }

  /// The bytes of an entry, which must start at `end` or later, and where they end.
  private static func data(
    of entry: Entry, in file: ByteRegion, after end: Int, path: String
  ) throws(FileError) -> (region: ByteRegion, end: Int) {
    let place = "zip entry \(quoted(entry.name))"
    guard entry.headerOffset >= end, entry.headerOffset <= file.count else {
      throw .refused(
        path, place, found: "it at byte \(entry.headerOffset)",
        expected: "it between \(end) and \(file.count)")
    }
    var reader = ByteReader(file, path: path, part: place, at: entry.headerOffset)
    guard try reader.number(UInt32.self) == 0x0403_4B50 else {
      throw reader.refused(at: entry.headerOffset, found: "no local header", expected: "one")
    }
    _ = try reader.take(22)
    let nameCount = try reader.size(UInt16.self)
    let extraCount = try reader.size(UInt16.self)
    let nameStart = reader.position
    let name = try reader.text(nameCount)
    guard Array(name.utf8) == Array(entry.name.utf8) else {
      throw reader.refused(
        at: nameStart, found: "the name \(quoted(name))", expected: quoted(entry.name))
    }
    _ = try reader.take(extraCount)
    let bytes = try reader.take(entry.byteCount)
    return (bytes, reader.position)
  }
}
