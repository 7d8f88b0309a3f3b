import Files
import Recipes

extension Recipe {
  /// What is to be known where a run goes on with another number of ranks than before; nil if it computes
  /// the same on any number.
  ///
  /// - Parameters:
  ///   - ranks: those of now.
  ///   - earlier: those of each start that saved something.
  package func warning(ranks: Int, earlier: Set<Int>) -> String? {
    let others = earlier.subtracting([ranks]).sorted().map(String.init).joined(separator: ", ")
    let keys = [
      ("distill.statistics", distill.difficulty.statistics == .local),
      ("train.wire", train.wire != .full), ("train.exact_sums", !train.exactSums),
    ].filter(\.1).map { "\($0.0)=\(value(ofKey: $0.0) ?? "")" }
    guard !others.isEmpty, !keys.isEmpty else { return nil }
    return "ranks: going on with \(ranks), earlier \(others): with "
      + "\(keys.joined(separator: ", ")) the weights depend on the number of ranks; they will be those "
      + "of neither number throughout"
  }
}

extension RunHistory {
  /// The ranks of each start that saved something.
  static func ranksOfSaves(_ events: [Event]) -> Set<Int> {
    var now: Int?
    return events.reduce(into: []) { found, event in
      switch event.kind {
      case .start: now = event.ranks
      case .saved, .finished: if let now { found.insert(now) }
      case .accepted: break
      }
    }
  }
}
