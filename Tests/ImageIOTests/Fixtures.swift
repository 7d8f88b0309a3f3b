import Foundation
import TestSupport

/// Files that tests share. The JPEG files hold 24 x 16 pixels of red 10x, green 16y, blue 6(x + y),
/// written once by Pillow with quality 95 and no subsampling; gray.jpg holds the red channel, and
/// make_images.py says what the rarer ones are.
enum Fixtures {
  static let jpegs = [
    "rgb.jpg", "progressive.jpg", "gray.jpg", "scans.jpg", "cmyk.jpg", "ycck.jpg",
  ]

  static func path(_ name: String) -> String { Repository.fixture("images/" + name) }

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  /// EXIF data whose first directory has two entries, the second the orientation.
  static func tiff(orientation: UInt8, littleEndian: Bool) -> [UInt8] {
    func number(_ value: Int, _ count: Int) -> [UInt8] {
      let bytes = (0..<count).map { UInt8(value >> (8 * $0) & 0xff) }
      return littleEndian ? bytes : bytes.reversed()
    }
    let start = Array((littleEndian ? "II" : "MM").utf8) + number(42, 2) + number(8, 4)
    let other = number(0x010f, 2) + number(2, 2) + number(1, 4) + [0, 0, 0, 0]
    let wanted =
      number(0x0112, 2) + number(3, 2) + number(1, 4) + number(Int(orientation), 2) + [0, 0]
    return start + number(2, 2) + other + wanted + number(0, 4)
  }

  /// `[height, width, channels]` pixels as viewers show them, written down case by case.
  static func turned(
    _ pixels: [UInt8], width: Int, height: Int, channels: Int, orientation: UInt8
  ) -> [UInt8] {
    let swaps = orientation > 4
    var seen: [UInt8] = []
    for y in 0..<(swaps ? width : height) {
      for x in 0..<(swaps ? height : width) {
        let (row, column): (Int, Int) =
          switch orientation {
          case 2: (y, width - 1 - x)
          case 3: (height - 1 - y, width - 1 - x)
          case 4: (height - 1 - y, x)
          case 5: (x, y)
          case 6: (height - 1 - x, y)
          case 7: (height - 1 - x, width - 1 - y)
          case 8: (x, width - 1 - y)
          default: (y, x)
          }
        seen += pixels[(channels * (row * width + column))...].prefix(channels)
      }
    }
    return seen
  }
}
