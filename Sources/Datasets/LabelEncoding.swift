import ImageIO

/// How the stored values of label files name classes.
public enum LabelEncoding: Equatable, Sendable {
  /// Cityscapes `gtFine_labelIds`: ids 0 to 33, of which 19 are trained; the rest and 255 (the
  /// license plate's -1) are ignored.
  case cityscapes
  /// CamVid in 11 classes: 0 to 10; 11 is ignored.
  case camvid
  /// PASCAL VOC: palette index 0 to 20; 255 is ignored.
  case voc
  /// ADE20K scene parsing: 1 to 150 are the classes; 0 is ignored.
  case ade20k
  /// Class indices as they are; 255 is ignored.
  case trainIDs(ClassList)

  /// The encoding that a recipe names; `trainIDs` needs the number of classes, others have theirs.
  public init?(named name: String, classCount: Int? = nil) {
    switch name {
    case "cityscapes": self = .cityscapes
    case "camvid": self = .camvid
    case "voc": self = .voc
    case "ade20k": self = .ade20k
    case "trainIDs":
      guard let classCount, (1...ClassList.maximumCount).contains(classCount) else { return nil }
      self = .trainIDs(ClassList(count: classCount))
    default: return nil
    }
  }

  /// The classes.
  public var classes: ClassList {
    switch self {
    case .cityscapes: .cityscapes
    case .camvid: .camvid
    case .voc: .voc
    case .ade20k: .ade20k
    case .trainIDs(let classes): classes
    }
  }

  /// The Cityscapes ids of the classes, in the order of the classes.
  static let cityscapesIDs: [UInt8] = [
    7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33,
  ]

  /// For each stored value the class, 255 (ignored) or 254 (not a value of this encoding).
  var table: [UInt8] {
    var table = [UInt8](repeating: LabelEncoding.invalid, count: 256)
    let count = classes.count
    switch self {
    case .cityscapes:
      table.replaceSubrange(0...33, with: repeatElement(ignoreIndex, count: 34))
      for (index, id) in LabelEncoding.cityscapesIDs.enumerated() { table[Int(id)] = UInt8(index) }
      table[255] = ignoreIndex
    case .camvid:
      for index in 0..<count { table[index] = UInt8(index) }
      table[11] = ignoreIndex
    case .voc, .trainIDs:
      for index in 0..<count { table[index] = UInt8(index) }
      table[255] = ignoreIndex
    case .ade20k:
      for index in 0..<count { table[index + 1] = UInt8(index) }
      table[0] = ignoreIndex
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
