/// Cases of `rank-program`, in which every rank says for itself that all holds.
public enum RankCase {
  /// Runs a case as a job and returns what is wrong, or nil if every rank said that it holds.
  ///
  /// - Parameters:
  ///   - name: the case.
  ///   - ranks: the number of ranks; nil starts no launcher, and the world is one rank.
  public static func failure(
    _ name: String, _ arguments: [String] = [], ranks: Int?
  ) throws -> String? {
    let result = try MPIRun.run(
      ranks: ranks, program: "rank-program", arguments: [name] + arguments)
    let lines = Set(result.standardOutput.split(separator: "\n").map(String.init))
    let worldSize = ranks ?? 1
    let expected = (0..<worldSize).map { "rank \($0) of \(worldSize): \(name) holds" }
    let isGood = result.exitCode == 0 && !result.timedOut && lines.isSuperset(of: expected)
    return isGood ? nil : "\(name) on \(worldSize) ranks: \(result)"
  }
}
