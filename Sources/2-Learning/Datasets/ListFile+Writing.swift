import Files

extension ListFile {
  /// The text of a list, which reads back as the same samples.
  ///
  /// - Parameter samples: images and label files, relative to the root folder.
  /// - Throws: `DatasetError` that names a path which no list can hold.
  package static func text(
    of samples: [(image: String, label: String)]
  ) throws(DatasetError) -> String {
    var text = ""
    for (image, label) in samples {
      text += try field(image) + "\t" + field(label) + "\n"
    }
    return text
  }

  /// A path as it stands in a line. A leading slash, which is the root's, saves what would be read as a
  /// comment or as white space.
  private static func field(_ path: String) throws(DatasetError) -> String {
    let bytes = path.utf8
    guard bytes.count < Limit.pathBytes, !bytes.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
      throw DatasetError(
        .list, at: oneLine(path),
        "a path with control characters, or of \(Limit.pathBytes) bytes or more; expected one that "
          + "a line of a list can hold; rename the file")
    }
    let first = path.utf8.first
    return first == UInt8(ascii: "#") || first == UInt8(ascii: " ") ? "/" + path : path
  }
}
