import Files
import Foundation
import ImageIO
import Steps

/// A folder that pictures are written into, by all ranks.
package struct PictureFolder {
  let path: String
  private let isDurable: Bool

  /// Makes the folder unless it is there.
  ///
  /// - Parameters:
  ///   - path: the folder.
  ///   - isDurable: whether each picture is on the disk before the next: those of a run are.
  /// - Throws: `TrainingError` (exit code 73) if it cannot be made or written; `FileError` (74) if the
  ///   disk is full or fails.
  package init(_ path: String, isDurable: Bool = false) throws {
    self.path = path
    self.isDurable = isDurable
    let files = FileStore()
    do throws(FileError) {
      try files.makeFolder(path)
    } catch {
      guard error.kind == .notWritable else { throw error }
      throw TrainingError(
        .cannotCreate,
        "pictures: \(path): found a place where no folder can be made "
          + "(\(error.cause?.description ?? error.detail)); expected a writable place; choose another "
          + "--out")
    }
    guard (try? files.access(path, W_OK | X_OK)) != nil else {
      throw TrainingError(
        .cannotCreate,
        "pictures: \(path): found a folder that cannot be written; expected a folder of this "
          + "user's; choose another --out")
    }
  }

  /// Writes a picture as `name`.png.
  package func write(_ image: RGBImage, _ name: String) throws {
    try orExplain { () throws(ImageError) in
      try PNGWriter.write(image, to: file(name), isDurable: isDurable)
    }
  }

  /// Writes class indices as `name`.png, a palette PNG.
  package func write(_ classes: GrayImage, palette: [RGBColour], _ name: String) throws {
    try orExplain { () throws(ImageError) in
      try PNGWriter.write(classes, palette: palette, to: file(name), isDurable: isDurable)
    }
  }

  /// The file of the picture `name`.
  package func file(_ name: String) -> String { "\(path)/\(name).png" }

  private func orExplain(_ write: () throws(ImageError) -> Void) throws(TrainingError) {
    do throws(ImageError) {
      try write()
    } catch {
      throw TrainingError(
        .writeFailed,
        "picture: \(error.path): found \(error.reason); expected to write it; "
          + "make room or choose another --out")
    }
  }
}

/// The names of pictures, which must not overwrite each other.
package enum PictureNames {
  /// A file's name without its folder and extension.
  package static func stem(_ path: String) -> String {
    URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
  }

  /// A name that is a file's on every system: letters, digits, `.`, `-` and `_`.
  package static func fileName(_ text: String) -> String {
    String(text.map { $0.isLetter || $0.isNumber || ".-_".contains($0) ? $0 : "_" })
  }

  /// Stops when two arguments would be drawn into one file.
  ///
  /// - Parameters:
  ///   - names: of the pictures.
  ///   - arguments: what asked for each of them.
  package static func requireDistinct(
    _ names: [String], _ arguments: [String]
  ) throws(TrainingError) {
    var known: [String: String] = [:]
    for (name, argument) in zip(names, arguments) {
      if let other = known.updateValue(argument, forKey: name) {
        throw TrainingError(
          .badData,
          "IMAGE: found \(other) and \(argument), whose pictures are both called \(name); "
            + "expected different names; draw them into different folders")
      }
    }
  }
}
