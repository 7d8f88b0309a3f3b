/// An EXIF orientation: where the first stored row and column belong in the image that is seen.
///
/// Source: EXIF 2.3, tag 0x0112; OpenCV's `imread` turns photos by it too.
struct Orientation {
  /// 1 to 8; 1: as it is stored.
  let value: Int

  /// The orientation of a value; what is none is 1.
  init(_ value: Int) { self.value = (1...8).contains(value) ? value : 1 }

  /// Whether stored rows become columns.
  var swapsAxes: Bool { value > 4 }

  /// Stored pixels of three bytes as they are seen, `[height, width, 3]`.
  func turned(_ stored: [UInt8], width: Int, height: Int) -> [UInt8] {
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
          let (from, to) = (3 * (row * storedWidth + column), 3 * (y * width + x))
          for channel in 0..<3 { seen[to + channel] = stored[from + channel] }
        }
      }
      count = stored.count
    }
  }
}
