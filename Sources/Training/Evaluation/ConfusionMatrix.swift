/// How often each labelled class was predicted as each class, in exact integers.
public struct ConfusionMatrix: Sendable, Equatable {
  /// The number of classes.
  public let classCount: Int
  /// `[labelled][predicted]`, row-major.
  public var counts: [Int64]

  /// An empty matrix.
  public init(classCount: Int) {
    self.classCount = classCount
    counts = Array(repeating: 0, count: classCount * classCount)
  }

  /// The scores of the matrix.
  public var scores: SegmentationScores { SegmentationScores(self) }
}

/// Pixel accuracy and intersection over union.
public struct SegmentationScores: Sendable, Equatable {
  /// The share of valid pixels that are right, 0 to 1; 0 if there are none.
  public let pixelAccuracy: Double
  /// Intersection over union of each class; nil for a class in neither labels nor predictions.
  public let classIoU: [Double?]
  /// The mean over all classes; one that occurs nowhere counts as 0, as in the published scripts.
  public let meanIoUOfAll: Double
  /// The mean over the classes that occur.
  public let meanIoUOfPresent: Double

  init(_ matrix: ConfusionMatrix) {
    let count = matrix.classCount
    var right: Int64 = 0
    var total: Int64 = 0
    var ious: [Double?] = []
    for index in 0..<count {
      let row = (0..<count).reduce(Int64(0)) { $0 + matrix.counts[index * count + $1] }
      let column = (0..<count).reduce(Int64(0)) { $0 + matrix.counts[$1 * count + index] }
      let both = matrix.counts[index * count + index]
      let union = row + column - both
      right += both
      total += row
      ious.append(union == 0 ? nil : Double(both) / Double(union))
    }
    let present = ious.compactMap { $0 }
    let sum = present.reduce(0, +)
    pixelAccuracy = total == 0 ? 0 : Double(right) / Double(total)
    classIoU = ious
    meanIoUOfAll = count == 0 ? 0 : sum / Double(count)
    meanIoUOfPresent = present.isEmpty ? 0 : sum / Double(present.count)
  }
}
