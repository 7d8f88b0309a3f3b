/// What an image's EXIF orientation does when it is read.
package enum Turning: String, Sendable, CaseIterable {
  /// The image is turned as viewers show it, and as OpenCV's `imread` does.
  case exif
  /// Its rows stay as they are stored.
  case stored
}

/// An EXIF orientation: where the first stored row and column belong in the image that is seen.
///
/// Source: EXIF 2.3, tag 0x0112; OpenCV's `imread` turns photos and labels by it too.
struct Orientation {
  /// 1 to 8; 1: as it is stored.
  let value: Int

  /// The orientation of a value; what is none is 1.
  init(_ value: Int) { self.value = (1...8).contains(value) ? value : 1 }

  /// Whether stored rows become columns.
  var swapsAxes: Bool { value > 4 }

  /// Stored pixels of `channels` bytes as they are seen, `[height, width, channels]`.
  func turned(_ stored: [UInt8], width: Int, height: Int, channels: Int) -> [UInt8] {
    guard value != 1 else { return stored }
    let (storedWidth, storedHeight) = swapsAxes ? (height, width) : (width, height)
    // Where the stored image begins, on its own axes.
    let fromRight = [2, 3, 7, 8].contains(value)
    let fromBottom = [3, 4, 6, 7].contains(value)
    return [UInt8](unsafeUninitializedCapacity: stored.count) { seen, count in
      for y in 0..<height {
        for x in 0..<width {
          let (across, down) = swapsAxes ? (y, x) : (x, y)
          let column = fromRight ? storedWidth - 1 - across : across
          let row = fromBottom ? storedHeight - 1 - down : down
          let (from, to) = (row * storedWidth + column, y * width + x)
          for channel in 0..<channels {
            seen[channels * to + channel] = stored[channels * from + channel]
          }
        }
      }
      count = stored.count
    }
  }
}
