import ImageIO

/// How the stored values of label files name classes: a format, and its classes.
package struct LabelEncoding: Equatable, Sendable {
  /// The format.
  package let format: LabelFormat
  /// The classes.
  package let classes: ClassList

  /// The encoding of a format that has its classes.
  ///
  /// - Parameters:
  ///   - format: the format.
  ///   - classCount: the number of classes, 1 to `ClassList.maximumCount`, of a format whose user says it;
  ///     formats that have their classes leave it aside.
  /// - Returns: nil if the format does not know its classes and no such number is given.
  package init?(_ format: LabelFormat, classCount: Int? = nil) {
    if let classes = format.card.classes {
      self.init(format: format, classes: classes)
    } else if let classCount, (1...ClassList.maximumCount).contains(classCount) {
      self.init(format: format, classes: ClassList(count: classCount))
    } else {
      return nil
    }
  }

  /// A format with these classes.
  init(format: LabelFormat, classes: ClassList) {
    self.format = format
    self.classes = classes
  }

  /// Class indices as they are; 255 is ignored.
  package static func trainIDs(_ classes: ClassList) -> LabelEncoding {
    LabelEncoding(format: .trainIDs, classes: classes)
  }

  /// For each stored value the class, 255 (ignored) or 254 (not a value of this encoding).
  var table: [UInt8] {
    var table = [UInt8](repeating: LabelEncoding.invalid, count: 256)
    for value in format.card.ignored { table[Int(value)] = ignoreIndex }
    for (label, value) in format.card.values(classes.count).enumerated() {
      table[Int(value)] = UInt8(label)
    }
    return table
  }

  static let invalid: UInt8 = 254
}

/// A label encoding as a table of 256 entries, made once for a dataset.
package struct LabelDecoder: Sendable {
  private let table: [UInt8]
  private let classCount: Int

  /// The table of an encoding.
  package init(_ encoding: LabelEncoding) {
    table = encoding.table
    classCount = encoding.classes.count
  }

  /// Replaces stored values `[H, W]` by classes; `path` names the file in the error.
  package func decode(_ labels: inout GrayImage, path: String) throws(DatasetError) {
    let width = labels.width
    let fault = table.withUnsafeBufferPointer { table in
      labels.pixels.withUnsafeMutableBufferPointer { pixels -> (index: Int, value: UInt8)? in
        for index in 0..<pixels.count {
          let label = table[Int(pixels[index])]
          if label == LabelEncoding.invalid { return (index, pixels[index]) }
          pixels[index] = label
        }
        return nil
      }
    }
    guard let fault else { return }
    throw DatasetError(
      .label, at: path,
      "value \(fault.value) at row \(fault.index / width), column \(fault.index % width); "
        + "expected one of the \(classCount) classes or the ignored value; "
        + "check the dataset's label encoding")
  }
}
