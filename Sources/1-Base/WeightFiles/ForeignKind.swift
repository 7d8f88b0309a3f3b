/// Kinds of files that people take for weights, by how they begin.
struct ForeignKind {
  /// The kind, with its article.
  let name: String
  /// What to do about it.
  let advice: String

  /// The kind of a file that begins with `start`, up to 512 bytes; nil if it is none of these.
  init?(of start: [UInt8]) {
    if let row = Self.table.first(where: { start.dropFirst($0.offset).starts(with: $0.bytes) }) {
      self = row.kind
      return
    }
    // Texts, after what may stand before them.
    let text = String(decoding: start, as: UTF8.self).lowercased()
      .drop { $0.isWhitespace || $0 == "\u{FEFF}" }
    guard let row = Self.texts.first(where: { text.hasPrefix($0.start) }) else { return nil }
    self = row.kind
  }

  private init(_ name: String, _ advice: String) {
    (self.name, self.advice) = (name, advice)
  }

  private static let page = ForeignKind(
    "a web page", "open the address in a browser, where the download may ask for a confirmation")

  private static func packed(_ name: String, _ command: String) -> ForeignKind {
    ForeignKind(name, "unpack it: \(command)")
  }

  private static let table: [(offset: Int, bytes: [UInt8], kind: ForeignKind)] = [
    (0, [0x1F, 0x8B], packed("a gzip file", "gunzip")),
    (0, Array("BZh".utf8), packed("a bzip2 file", "bunzip2")),
    (0, [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], packed("an xz file", "unxz")),
    (0, [0x28, 0xB5, 0x2F, 0xFD], packed("a zstd file", "unzstd")),
    (0, [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], packed("a 7z archive", "7z x")),
    (257, Array("ustar".utf8), packed("a tar archive", "tar -xf")),
    (
      0, [0x93] + Array("NUMPY".utf8),
      ForeignKind("a numpy array", "make tensors of arrays and save them: " + TensorDicts.advice)
    ),
    (
      0, [0x89] + Array("HDF".utf8),
      ForeignKind("an HDF5 file", "load it where it was made, and save safetensors")
    ),
    (0, Array("GGUF".utf8), ForeignKind("a GGUF file", "take the weights as safetensors")),
  ]

  private static let texts: [(start: String, kind: ForeignKind)] = [
    ("<!doctype html", page), ("<html", page),
    ("<?xml", ForeignKind("an XML answer", "read it: it may say why the download failed")),
    (
      "version https://git-lfs",
      ForeignKind("a Git LFS pointer", "fetch the file itself: git lfs pull")
    ),
  ]
}
