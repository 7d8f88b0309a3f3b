import DataParallel
import MPI
import Recipes
import Steps
import Torch
import WeightFiles

extension Coordinator {
  /// Stops the job unless all ranks were started with the same words. Collective, before all that some
  /// ranks would do without the others.
  ///
  /// - Parameters:
  ///   - folder: the run's, as it was given.
  ///   - start: what may differ from an earlier start, and whether the run begins anew.
  ///   - isTraced: whether the first iterations are written down.
  /// - Throws: `TrainingError` (exit code 69) on all ranks.
  package func requireSameOptions(
    folder: String, _ start: RunStart, isTraced: Bool
  ) throws(TrainingError) {
    let accepted = start.accepted.map(\.rawValue).sorted().joined(separator: " ")
    for (option, value) in [
      ("--fresh", "\(start.isFresh)"), ("--job", start.job ?? ""), ("--accept", accepted),
      ("--out", folder), ("--trace", "\(isTraced)"),
    ] {
      try requireEqual(value, option, advice: "start all ranks with the same words")
    }
  }

  /// Stops the job unless all ranks run the same program on the same lists. Collective.
  ///
  /// The recipe is compared before, when it is read; weights are compared as the run goes on.
  func requireSameStart(_ data: Recipe.Data) throws {
    let program = (try? FileHash("/proc/self/exe"))?.digits ?? "unknown"
    try requireEqual(
      "\(program) \(TorchRuntime.version) \(World.libraryVersion)", "program",
      advice: "install the same build and the same libraries on every host")
    guard data.kind == .list else { return }
    for (name, key) in [
      (data.trainList, "data.train_list"), (data.validationList, "data.validation_list"),
    ] {
      let path = DataSources.path(ofList: name, data)
      try requireEqual(FileHash(path).digits, "\(key) \(path)")
    }
  }
}
