import Foundation

/// Files that tests share. The JPEG files hold 24 x 16 pixels of red 10x, green 16y, blue 6(x + y),
/// written once by Pillow with quality 95 and no subsampling; gray.jpg holds the red channel, and
/// make_images.py says what the rarer ones are.
enum Fixtures {
  static let jpegs = [
    "rgb.jpg", "progressive.jpg", "gray.jpg", "scans.jpg", "cmyk.jpg", "ycck.jpg",
  ]

  static func path(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/images/" + name).path
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
  }
}

/// A folder that is removed when the test ends.
final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("rdd-images-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = path + "/" + name
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }
}
