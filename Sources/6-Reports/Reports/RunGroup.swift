import Files
import Foundation
import Recipes

/// Runs of one recipe that differ in their seed.
package struct RunGroup: Sendable {
  /// The folder name that the runs share, or the first run's path.
  package internal(set) var name: String
  /// One run a seed or more, in the order given.
  package let runs: [RunRecord]

  /// The seeds of the runs.
  package var seeds: [Int] { runs.map(\.recipe.train.seed) }

  /// Puts runs together whose recipes differ in the seed alone, or in keys that change no number.
  package static func groups(_ runs: [RunRecord]) -> [RunGroup] {
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

  /// Why two groups' scores say nothing about each other, in words; nil if they may be compared.
  func obstacle(to other: RunGroup) -> String? {
    for run in runs {
      for there in other.runs {
        let obstacles = run.obstacles(to: there)
        if !obstacles.isEmpty { return obstacles.joined(separator: ", ") }
      }
    }
    return nil
  }
}

extension [RunGroup] {
  /// The index of the group of a name, or of a run's folder.
  ///
  /// - Throws: `ReportError` that lists the names.
  package func index(named name: String) throws(ReportError) -> Int {
    func place(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
    let found =
      firstIndex { $0.name == name }
      ?? firstIndex { $0.runs.contains { place($0.path) == place(name) } }
    guard let found else {
      throw ReportError(
        description: "--against: found \(quoted(name)); expected one of the rows, "
          + "\(map { quoted($0.name) }.joined(separator: ", ")), or the folder of one of their runs"
      )
    }
    return found
  }
}

extension RunRecord {
  /// Whether two runs are one experiment, but for the seed.
  func isSame(as other: RunRecord) -> Bool {
    recipe.differingKeys(from: other.recipe).allSatisfy {
      $0 == "train.seed" || Key.named[$0]?.effect == .nothing
    } && obstacles(to: other).isEmpty
  }
}
