import ImageIO

/// How often each value occurs in label files, and what it means.
package struct LabelCounts: Equatable, Sendable {
  /// How the files name classes.
  package let encoding: LabelEncoding
  /// Pixels of each stored value; 256 of them.
  package var stored = [Int64](repeating: 0, count: 256)
  /// Files that hold each stored value; 256 of them.
  package var holders = [Int64](repeating: 0, count: 256)
  /// Files that were read.
  package var fileCount: Int64 = 0

  /// No pixels yet.
  package init(_ encoding: LabelEncoding) { self.encoding = encoding }

  /// Counts the pixels of a label file, as they are stored.
  mutating func add(_ labels: GrayImage) {
    let before = stored
    stored.withUnsafeMutableBufferPointer { stored in
      labels.pixels.withUnsafeBufferPointer { pixels in
        for value in pixels { stored[Int(value)] += 1 }
      }
    }
    for value in stored.indices where stored[value] > before[value] { holders[value] += 1 }
    fileCount += 1
  }

  /// Adds what was counted elsewhere.
  mutating func add(_ other: LabelCounts) {
    for value in stored.indices {
      stored[value] += other.stored[value]
      holders[value] += other.holders[value]
    }
    fileCount += other.fileCount
  }

  /// All pixels.
  package var total: Int64 { stored.reduce(0, +) }

  /// Pixels of each class.
  package var classes: [Int64] {
    let count = encoding.classes.count
    return zip(encoding.table, stored).reduce(into: [Int64](repeating: 0, count: count)) {
      if $1.0 < count { $0[Int($1.0)] += $1.1 }
    }
  }

  /// Pixels of some class.
  package var valid: Int64 { classes.reduce(0, +) }

  /// Pixels that count nowhere.
  package var ignored: Int64 {
    zip(encoding.table, stored).reduce(0) { $0 + ($1.0 == ignoreIndex ? $1.1 : 0) }
  }

  /// The stored values that occur, ascending.
  package var values: [Int] { stored.indices.filter { stored[$0] > 0 } }

  /// The stored values that occur and are neither a class nor ignored, ascending.
  package var strangers: [Int] {
    let table = encoding.table
    return values.filter { table[$0] == LabelEncoding.invalid }
  }

  /// The stored values that occur as ranges: `0-10, 255`; `none` if there are none.
  package var valuesInWords: String { LabelCounts.inWords(values) }

  /// Ascending values as ranges.
  package static func inWords(_ values: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for value in values {
      if let last = ranges.last, last.upperBound + 1 == value {
        ranges[ranges.count - 1] = last.lowerBound...value
      } else {
        ranges.append(value...value)
      }
    }
    let words = ranges.map {
      $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
    }
    return words.isEmpty ? "none" : words.joined(separator: ", ")
  }

  /// The classes that occur nowhere.
  package var absent: [Int] {
    let classes = classes
    return classes.indices.filter { classes[$0] == 0 }
  }

  /// Whether only 0 and 255 occur, as in a mask of black and white, and 255 is ignored here.
  package var isMask: Bool { values == [0, 255] && valid > 0 }
}
