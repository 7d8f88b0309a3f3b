import DataParallel
import Recipes

/// What the rest of a run is expected to take.
package struct Forecast: Equatable, Sendable {
  /// By the usual times of iterations, validations and saves.
  package let seconds: Double
  /// Whether it takes longer than that: validations come, and none was measured yet.
  package let isLeast: Bool

  /// Iterations after the first one of a start from which on their usual time is known.
  package static let leastKnown = 3

  /// A known time.
  package init(seconds: Double, isLeast: Bool = false) {
    self.seconds = seconds
    self.isLeast = isLeast
  }

  /// The rest after an iteration; nil before the usual time of one is known.
  ///
  /// - Parameters:
  ///   - iteration: those that are done.
  ///   - train: iterations of the run, and after how many it validates and saves.
  ///   - usual: the median seconds of a kind of work of which there was a number at least.
  package init?(
    after iteration: Int, of train: Recipe.Train,
    usual: (_ work: Heartbeat.Work, _ least: Int) -> Double?
  ) {
    guard let step = usual(.step, Self.leastKnown) else { return nil }
    let last = train.iterations
    /// How often something comes that happens every so many iterations and after the last one.
    func due(_ every: Int) -> Double {
      guard iteration < last else { return 0 }
      let regular = every > 0 ? last / every - iteration / every : 0
      return Double(regular + (every > 0 && last % every == 0 ? 0 : 1))
    }
    let validations = due(train.validateEvery)
    let validation = usual(.validation, 1)
    seconds =
      Double(max(last - iteration, 0)) * step + validations * (validation ?? 0)
      + due(train.checkpointEvery) * (usual(.saving, 1) ?? 0)
    isLeast = validations > 0 && validation == nil
  }

  /// The time in words.
  var text: String { "eta \(isLeast ? "over " : "")\(Progress.duration(seconds))" }
}
