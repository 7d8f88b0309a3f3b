import Files
import Runs
import WeightFiles

extension RunCheck {
  /// Whether a run would begin in the folder, go on, or be refused; rank 0 alone. Nothing is written.
  mutating func checkStart(_ folder: String) {
    // What stands in its way is told elsewhere.
    guard (try? FileStore().names(folder)) != nil else {
      return report.note("start", Self.words(.nothing, of: recipe.train.iterations))
    }
    let files = RunFiles(folder: folder)
    let store = CheckpointStore(folder: files.checkpoints)
    var damaged: [String] = []
    let found = report.attempt { try RunStart.found(files, store) { damaged.append($0) } }
    for text in damaged { report.warn(text) }
    guard let found else { return }
    if case .checkpoint(let checkpoint) = found {
      let iterations = recipe.train.iterations
      guard report.attempt({ try RunStart.require(iterations, for: checkpoint) }) != nil else {
        return
      }
    }
    report.note("start", Self.words(found, of: recipe.train.iterations))
  }

  private static func words(_ found: RunStart.Found, of iterations: Int) -> String {
    switch found {
    case .nothing: "a new run"
    case .unsaved: "from the first iteration: an earlier start saved nothing"
    case .finished: "finished before; the last weights would be measured again"
    case .checkpoint(let checkpoint):
      checkpoint.iteration < iterations
        ? "goes on from iteration \(checkpoint.iteration) of \(iterations)"
        : "finished before; it would be measured again"
    }
  }
}
