import Host

/// Looks at every file of a dataset before a run does.
public enum DatasetCheck {
  /// What is wrong with a sample.
  public struct Problem: Equatable, Sendable, CustomStringConvertible {
    /// The sample's index in the list.
    public let index: Int
    /// The first fault found.
    public let error: DatasetError
    /// One line.
    public var description: String { error.description }
  }

  /// The first fault of each sample that has one, in the order of the list; empty if all is well.
  ///
  /// - Parameters:
  ///   - dataset: what is looked at.
  ///   - indices: the samples to look at; nil for all.
  ///   - decodesPixels: read every pixel and every label value too; otherwise only that the files
  ///     are there, of the right kind and of the same size.
  ///   - threadCount: threads that read.
  /// - Throws: `ThreadError` if the system does not give all threads.
  public static func problems(
    in dataset: ListDataset, indices: Range<Int>? = nil, decodesPixels: Bool = false,
    threadCount: Int
  ) throws(ThreadError) -> [Problem] {
    let indices = indices ?? 0..<dataset.count
    let found = FoundProblems()
    try WorkerThreads.forEach(indices.count, threadCount: threadCount) { offset in
      let index = indices.lowerBound + offset
      do {
        try dataset.checkHeaders(index)
        if decodesPixels { _ = try dataset.sample(index) }
      } catch {
        let error =
          error as? DatasetError
          ?? DatasetError(.system, at: dataset.name(index), String(describing: error))
        found.problems.change { $0.append(Problem(index: index, error: error)) }
      }
    }
    return found.problems.change { $0.sorted { $0.index < $1.index } }
  }
}

private final class FoundProblems: Sendable {
  let problems = Monitor<[DatasetCheck.Problem]>([])
}
