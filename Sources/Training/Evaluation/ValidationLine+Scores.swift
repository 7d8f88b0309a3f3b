import Datasets
import Difficulty
import Foundation
import Recipes

extension ValidationLine {
  /// The line of a network's scores.
  ///
  /// - Parameters:
  ///   - matrix: over all images.
  ///   - recipe: which mean counts.
  ///   - classes: the classes' names.
  ///   - iteration: after which the network was measured; nil outside a run.
  ///   - images: how many images there were.
  ///   - seconds: how long it took.
  public init(
    _ matrix: ConfusionMatrix, _ recipe: Recipe, classes: ClassList, iteration: Int?,
    images: Int, seconds: Double
  ) {
    let ofAll = recipe.evaluation.meanIoU == .allClasses
    // 150 classes have 22500 counts: once a run is enough.
    let isLast = iteration == nil || iteration == recipe.train.iterations
    self.init(
      iteration: iteration,
      meanIoU: ofAll ? matrix.meanIntersectionOverUnion : matrix.meanOverPresentClasses,
      definition: recipe.evaluation.meanIoU.rawValue,
      meanIoUOfAll: matrix.meanIntersectionOverUnion,
      meanIoUOfPresent: matrix.meanOverPresentClasses, pixelAccuracy: matrix.pixelAccuracy,
      classIoU: matrix.intersectionOverUnion, classNames: classes.names, images: images,
      seconds: seconds, confusion: isLast ? matrix.rows : nil)
  }

  /// Mean IoU and pixel accuracy in percent.
  public var summary: String {
    String(
      format: "mIoU %.2f %% (%@), pixel accuracy %.2f %%", 100 * meanIoU, definition,
      100 * pixelAccuracy)
  }

  /// A table of the classes in percent, then the means.
  public var table: String {
    let width = max(8, classNames.map(\.count).max() ?? 0)
    var lines = zip(classNames, classIoU).map { name, iou in
      let value = iou.map { String(format: "%6.2f", 100 * $0) } ?? "     -"
      return name.padding(toLength: width, withPad: " ", startingAt: 0) + "  " + value
    }
    lines.append(String(repeating: "-", count: width + 8))
    lines.append("\(summary) over \(images) images")
    return lines.joined(separator: "\n")
  }
}

extension ConfusionMatrix {
  /// The counts, `[label][prediction]`.
  fileprivate var rows: [[Int64]] {
    (0..<classCount).map { Array(counts[$0 * classCount..<($0 + 1) * classCount]) }
  }
}
