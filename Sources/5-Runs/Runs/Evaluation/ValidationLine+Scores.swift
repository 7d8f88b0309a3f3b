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
  package init(
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
  package var summary: String {
    let classes = isOverAll ? "all \(classNames.count) classes" : "the classes that occur"
    return String(
      format: "mIoU %.2f %% (%@), pixel accuracy %.2f %%", 100 * meanIoU, classes,
      100 * pixelAccuracy)
  }

  /// A table of the classes in percent, then the means, and a word about classes that are not learned.
  package var table: String {
    let width = max(8, classNames.map(\.count).max() ?? 0)
    func row(_ name: String, _ value: String) -> String {
      name.padding(toLength: width, withPad: " ", startingAt: 0) + "  " + value
    }
    var lines = [row("class", " IoU %")]
    lines += zip(classNames, classIoU).map { name, iou in
      row(name, iou.map { String(format: "%6.2f", 100 * $0) } ?? "     -")
    }
    lines.append(String(repeating: "-", count: width + 8))
    lines.append("\(summary) over \(images) images")
    return (lines + remarks).joined(separator: "\n")
  }

  /// What the table does not say by itself.
  private var remarks: [String] {
    func names(_ matches: (Double?) -> Bool) -> [String] {
      zip(classNames, classIoU).filter { matches($0.1) }.map(\.0)
    }
    func told(_ names: [String]) -> String {
      names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", ..." : "")
    }
    let (zero, absent) = (names { $0 == 0 }, names { $0 == nil })
    var remarks: [String] = []
    if !zero.isEmpty {
      remarks.append(
        "\(zero.count) of \(classNames.count) classes at 0: \(told(zero)): no pixel of them is found "
          + "yet; rare and thin classes are learned last")
    }
    if !absent.isEmpty {
      remarks.append(
        "- \(absent.count) of \(classNames.count) classes, neither in labels nor predicted: "
          + told(absent))
    }
    return remarks
  }
}

extension ConfusionMatrix {
  /// The counts, `[label][prediction]`.
  fileprivate var rows: [[Int64]] {
    (0..<classCount).map { Array(counts[$0 * classCount..<($0 + 1) * classCount]) }
  }
}
