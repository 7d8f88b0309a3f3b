import Host
import ImageIO

/// Looks at the files of a dataset before a run does.
package enum DatasetCheck {
  /// How far a look goes.
  package enum Depth: Sendable {
    /// That the files are there, of the right kind, of the same size and not cut off.
    case headers
    /// Label files alone: every value of them.
    case labels
    /// Every pixel and every label value.
    case pixels
  }

  /// What is wrong with a sample.
  package struct Problem: Equatable, Sendable, CustomStringConvertible {
    /// The sample's index in the list.
    package let index: Int
    /// The first fault found.
    package let error: DatasetError
    /// One line.
    package var description: String { error.description }
  }

  /// What a look at some samples found.
  package struct Findings: Sendable {
    /// The first fault of each sample that has one, in the order of the list.
    package var problems: [Problem] = []
    /// Pixels of the label files that were read.
    package var labels: LabelCounts
    /// The samples whose photo has an EXIF orientation by which it is turned, in the order of the list;
    /// none of depth `labels`.
    package var turned: [Int] = []
    /// The samples of which a file has a slip that is forgiven, each with the first, in the order of the
    /// list; of depth `pixels` alone.
    package var slips: [(index: Int, slip: String)] = []
  }

  /// Looks at samples.
  ///
  /// - Parameters:
  ///   - dataset: whose samples.
  ///   - indices: the samples to look at; nil for all.
  ///   - depth: how far to look.
  ///   - threadCount: threads that read.
  ///   - tell: told how many samples were just looked at, on any of those threads.
  /// - Throws: `ThreadError` if the system does not give all threads.
  package static func look(
    at dataset: ListDataset, indices: [Int]? = nil, depth: Depth, threadCount: Int,
    tell: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws(ThreadError) -> Findings {
    let indices = indices ?? Array(0..<dataset.count)
    let found = SharedFindings(Findings(labels: LabelCounts(dataset.encoding)))
    try WorkerThreads.forEach(
      indices.count, threadCount: threadCount, named: "rdd-images"
    ) { place in
      defer { tell(1) }
      let index = indices[place]
      // A file with a value that is none of the encoding's counts too.
      var labels = LabelCounts(dataset.encoding)
      defer { found.value.change { [labels] in $0.labels.add(labels) } }
      do {
        switch depth {
        case .labels: try dataset.checkLabels(index) { labels.add($0) }
        case .headers, .pixels:
          let orientation = try dataset.checkHeaders(index, decodesTorn: depth == .headers)
          if orientation != 1 { found.value.change { $0.turned.append(index) } }
          if depth == .pixels { try look(at: index, of: dataset, &labels, found) }
        }
      } catch {
        let error =
          error as? DatasetError
          ?? DatasetError(.system, at: dataset.name(index), String(describing: error))
        found.value.change { $0.problems.append(Problem(index: index, error: error)) }
      }
    }
    return found.value.change { findings in
      findings.problems.sort { $0.index < $1.index }
      findings.turned.sort()
      findings.slips.sort { $0.index < $1.index }
      return findings
    }
  }

  /// At most `limit` of the indices below `count`, evenly from the first to the last.
  ///
  /// - Parameters:
  ///   - count: how many samples there are.
  ///   - limit: 2 or more.
  package static func spread(_ count: Int, limit: Int) -> [Int] {
    count <= limit
      ? Array(0..<count) : (0..<limit).map { $0 * (count - 1) / (limit - 1) }
  }

  /// Reads every pixel of a sample.
  private static func look(
    at index: Int, of dataset: ListDataset, _ labels: inout LabelCounts, _ found: SharedFindings
  ) throws {
    var first: String?
    _ = try dataset.sample(index) {
      labels.add($0)
    } slip: {
      first = first ?? $0
    }
    if let first { found.value.change { $0.slips.append((index, first)) } }
  }

  /// The first fault of each sample that has one, in the order of the list; empty if all is well.
  ///
  /// - Parameters:
  ///   - dataset: what is looked at.
  ///   - indices: the samples to look at; nil for all.
  ///   - decodesPixels: read every pixel and every label value too; otherwise headers, and whole what
  ///     seems to be cut off.
  ///   - threadCount: threads that read.
  /// - Throws: `ThreadError` if the system does not give all threads.
  package static func problems(
    in dataset: ListDataset, indices: [Int]? = nil, decodesPixels: Bool = false,
    threadCount: Int
  ) throws(ThreadError) -> [Problem] {
    try look(
      at: dataset, indices: indices, depth: decodesPixels ? .pixels : .headers,
      threadCount: threadCount
    ).problems
  }
}

private final class SharedFindings: Sendable {
  let value: Monitor<DatasetCheck.Findings>
  init(_ findings: DatasetCheck.Findings) { value = Monitor(findings) }
}
