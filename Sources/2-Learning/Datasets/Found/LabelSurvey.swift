import Host
import ImageIO

/// What a look at samples tells before anybody has said what their labels mean.
package struct LabelSurvey: Sendable {
  /// Pixels and files of each stored value.
  package var counts = LabelCounts(.anything)
  /// Rows and columns of the smallest image: the least of each.
  package var smallest = (height: Int.max, width: Int.max)
  /// Rows and columns of the largest image: the most of each.
  package var largest = (height: 0, width: 0)

  /// No samples yet.
  package init() {}

  /// Reads labels and the headers of their images.
  ///
  /// - Parameters:
  ///   - list: the samples.
  ///   - indices: those that are looked at.
  ///   - threadCount: threads that read.
  /// - Throws: `DatasetError`: the first fault in the order of the indices; `ThreadError` if the system
  ///   does not give all threads.
  package static func look(
    at list: ListFile, indices: [Int], threadCount: Int
  ) throws -> LabelSurvey {
    let dataset = ListDataset(list: list, encoding: .anything)
    let found = Found()
    try WorkerThreads.forEach(
      indices.count, threadCount: threadCount, named: "rdd-images"
    ) { place in
      do {
        var own = LabelSurvey()
        try dataset.checkHeaders(indices[place], decodesTorn: false)
        try dataset.checkLabels(indices[place]) { own.add($0) }
        found.value.change { [own] in $0.survey.add(own) }
      } catch {
        let error = error as? DatasetError ?? DatasetError(.system, at: list.path, "\(error)")
        found.value.change { $0.faults.append((place, error)) }
      }
    }
    return try found.value.change { found in
      if let first = found.faults.min(by: { $0.place < $1.place }) { throw first.error }
      return found.survey
    }
  }

  private mutating func add(_ labels: GrayImage) {
    counts.add(labels)
    smallest = (labels.height, labels.width)
    largest = smallest
  }

  private mutating func add(_ other: LabelSurvey) {
    counts.add(other.counts)
    smallest.height = min(smallest.height, other.smallest.height)
    smallest.width = min(smallest.width, other.smallest.width)
    largest.height = max(largest.height, other.largest.height)
    largest.width = max(largest.width, other.largest.width)
  }

  private final class Found: Sendable {
    let value = Monitor<(survey: LabelSurvey, faults: [(place: Int, error: DatasetError)])>(
      (LabelSurvey(), []))
  }
}

extension LabelEncoding {
  /// All values that a label file may hold; 255 is ignored.
  fileprivate static let anything = trainIDs(ClassList(count: ClassList.maximumCount))
}
