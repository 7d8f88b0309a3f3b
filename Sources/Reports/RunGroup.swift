import Recipes
import Training

/// Runs of one recipe that differ in their seed.
public struct RunGroup: Sendable {
  /// The folder name that the runs share, or the first run's path.
  public internal(set) var name: String
  /// One run a seed or more, in the order given.
  public let runs: [RunRecord]

  /// The seeds of the runs.
  public var seeds: [Int] { runs.map(\.recipe.train.seed) }

  /// Puts runs together whose recipes differ in the seed alone, or in keys that change no number.
  public static func groups(_ runs: [RunRecord]) -> [RunGroup] {
    var members: [[RunRecord]] = []
    for run in runs {
      if let index = members.firstIndex(where: { run.isSame(as: $0[0]) }) {
        members[index].append(run)
      } else {
        members.append([run])
      }
    }
    var groups = members.map { runs in
      let isOneName = runs.allSatisfy { $0.name == runs[0].name }
      return RunGroup(name: isOneName ? runs[0].name : runs[0].path, runs: runs)
    }
    let names = groups.map(\.name)
    for index in groups.indices where names.filter({ $0 == names[index] }).count > 1 {
      groups[index].name = groups[index].runs[0].path
    }
    return groups
  }
}

extension RunRecord {
  /// Whether two runs are one experiment, but for the seed.
  func isSame(as other: RunRecord) -> Bool {
    recipe.differingKeys(from: other.recipe).allSatisfy {
      $0 == "train.seed" || RunFolder.keysWithoutEffect.contains($0)
    }
  }
}
