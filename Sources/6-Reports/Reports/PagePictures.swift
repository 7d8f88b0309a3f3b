import Files
import Foundation
import ImageIO

/// Pictures inside a page, of which all together have so many bytes and no more.
struct PagePictures {
  /// Bytes that all pictures of a page may have; as text they are a third more.
  static let budget = 4 << 20
  /// No picture is given less: fewer are shown then.
  private static let least = 48 << 10
  /// The most pictures of one image that a page holds: the first, the last, and some between.
  private static let mostOfImage = 8
  /// The most bytes of a picture's file.
  private static let fileLimit = 256 << 20
  /// What is tried of a picture that is too large, in turn: how many pixels become one in each axis.
  private static let reductions = [1, 2, 3, 4]

  /// Pictures of each image that are shown.
  let ofImage: Int
  private let allowance: Int

  /// The pictures of a page that shows so many images, of which the one with the most has `most`.
  init(images: Int, most: Int) {
    let room = Self.budget / Self.least / max(images, 1)
    ofImage = max(1, min(most, Self.mostOfImage, room))
    allowance = Self.budget / max(images * ofImage, 1)
  }

  /// The first, the last, and some between of an image's files, in their order.
  func chosen(_ files: [String]) -> [String] {
    guard files.count > ofImage else { return files }
    guard ofImage > 1 else { return Array(files.suffix(ofImage)) }
    return (0..<ofImage).map { files[$0 * (files.count - 1) / (ofImage - 1)] }
  }

  /// A file as the address of an image: its own bytes, or smaller ones; nil where there is none, or not
  /// even the smallest is small enough.
  func address(_ path: String, files: FileStore) throws(FileError) -> String? {
    guard let bytes = try WholeFile.bytes(path, limit: Self.fileLimit, files: files) else {
      return nil
    }
    if bytes.count <= allowance { return Self.address(bytes, "png") }
    guard let image = try? ImageFile.decodeRGB(bytes, path: path) else { return nil }
    for factor in Self.reductions {
      guard let small = try? JPEGWriter.encode(image.reduced(by: factor)) else { return nil }
      if small.count <= allowance { return Self.address(small, "jpeg") }
    }
    return nil
  }

  private static func address(_ bytes: [UInt8], _ kind: String) -> String {
    "data:image/\(kind);base64,\(Data(bytes).base64EncodedString())"
  }
}
