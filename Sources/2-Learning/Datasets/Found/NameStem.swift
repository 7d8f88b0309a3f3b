/// The name of an image or label file without what only says which of the two it is.
///
/// `a/x_gtFine_labelIds.png` and `a/x_leftImg8bit.png` are both of `a/x`. Words stand behind the name or
/// before it, and a sign (`_`, `-`, `.` or a space) separates them; case does not count.
struct NameStem: Equatable {
  /// Folder and name without ending.
  let whole: String
  /// The same without the word; nil if there is none.
  let base: String?
  /// The word, in small letters.
  let word: String?

  /// What the names of photos end or begin with.
  static let imageWords = ["leftimg8bit", "image", "img", "photo", "rgb"]
  /// What the names of label files end or begin with, the better label file of an image first.
  static let labelWords = [
    "gtfine_labeltrainids", "labeltrainids", "trainids", "gtfine_labelids", "labelids", "labels",
    "label", "masks", "mask", "segmentation", "seg", "annotation", "anno", "gt", "l",
  ]
  /// What files beside labels end with, which hold something else: colours, instances.
  static let otherWords = [
    "gtfine_instancetrainids", "instancetrainids", "gtfine_instanceids", "instanceids",
    "instances", "instance", "gtfine_color", "color", "colour",
  ]

  /// The parts of a path; `words` are looked for in their order.
  init(_ path: String, words: [String]) {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let start = slash.map { path.utf8.index(after: $0) } ?? path.startIndex
    let (folder, file) = (String(path[..<start]), path[start...])
    let dot = file.utf8.lastIndex(of: UInt8(ascii: "."))
    let name = Array((dot.map { file[..<$0] } ?? file).utf8)
    whole = folder + String(decoding: name, as: UTF8.self)
    let small = name.map { (65...90).contains($0) ? $0 + 32 : $0 }
    for word in words {
      let count = word.utf8.count
      guard name.count > count + 1 else { continue }
      let isLast = small.suffix(count).elementsEqual(word.utf8)
      if isLast, Self.separates(name[name.count - count - 1]) {
        base = folder + String(decoding: name.dropLast(count + 1), as: UTF8.self)
        self.word = word
        return
      }
      // A single letter in front says nothing.
      if count > 1, small.starts(with: word.utf8), Self.separates(name[count]) {
        base = folder + String(decoding: name.dropFirst(count + 1), as: UTF8.self)
        self.word = word
        return
      }
    }
    base = nil
    word = nil
  }

  private static func separates(_ byte: UInt8) -> Bool { "_-. ".utf8.contains(byte) }
}
