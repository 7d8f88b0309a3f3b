import Foundation

/// A line of `metrics.jsonl` as its readers take it.
package enum MetricsLine {
  /// About training.
  case training(TrainingLine)
  /// About a validation.
  case validation(ValidationLine)
  /// Of a kind that this version does not know.
  case other

  private struct Kind: Decodable { let kind: String }

  /// What may be an iteration: all that `Double` holds exactly, so that no reader's arithmetic ends it.
  private static let iterations = 0...1 << 53

  /// Reads a line.
  ///
  /// - Parameter bytes: its JSON object.
  /// - Throws: `DecodingError` if it is damaged, also where an iteration is none or where the classes'
  ///   names are more or fewer than their scores.
  package init(_ bytes: some Sequence<UInt8>) throws {
    let data = Data(bytes)
    let decoder = MetricsLog.decoder
    switch try decoder.decode(Kind.self, from: data).kind {
    case "train":
      let line = try decoder.decode(TrainingLine.self, from: data)
      try Self.require(Self.iterations.contains(line.iteration), "iteration \(line.iteration)")
      self = .training(line)
    case "validation":
      let line = try decoder.decode(ValidationLine.self, from: data)
      let iteration = line.iteration ?? 0
      try Self.require(Self.iterations.contains(iteration), "iteration \(iteration)")
      let (names, scores) = (line.classNames.count, line.classIoU.count)
      try Self.require(names == scores, "\(scores) scores of \(names) classes")
      self = .validation(line)
    default: self = .other
    }
  }

  private static func require(_ isSound: Bool, _ found: String) throws {
    guard !isSound else { return }
    throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: found))
  }
}
