import Foundation
import TestSupport
import Testing

/// Distillation methods in whole runs.
@Suite(.serialized) struct MethodRunTests {
  /// Adds methods to the recipe, whose last section is `distill`.
  private func list(_ methods: String, in run: Run) throws {
    let path = run.path("tiny.yaml")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try (text + "\n  methods: \(methods)\n").write(
      toFile: path, atomically: true, encoding: .utf8)
  }

  @Test func aKilledRunOfMethodsEndsWithTheSameBits() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      try list(
        "[{name: kd}, {name: cwd, features: 1}, {name: rrd, memory: 64}, {name: lwkd}]", in: run)
      let whole = try run.train("whole", ranks: 2)
      try #require(whole.exitCode == 0, "\(whole)")
      #expect(try run.killARank("killed", afterIteration: 6) != 0)
      let resumed = try run.train("killed", ranks: 2)
      try #require(resumed.exitCode == 0, "\(resumed)")
      #expect(resumed.standardError.contains("going on from"))
      #expect(try run.weights("killed") == run.weights("whole"))
      #expect(try run.weights("whole").keys.allSatisfy { !$0.hasPrefix("method.") })
    }
  }

  @Test func aMethodOfWeightZeroChangesNoBit() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      let settings = ["train.iterations=6", "train.checkpoint_every=0"]
      try #require(run.train("none", ranks: nil, set: settings).exitCode == 0)
      let zero = settings + ["distill.methods=[{name: cwd, weight: 0}, {name: cirkd, weight: 0}]"]
      let result = try run.train("zero", ranks: nil, set: zero)
      try #require(result.exitCode == 0, "\(result)")
      #expect(try run.weights("zero") == run.weights("none"))
    }
  }

  @Test func mistakesEndBeforeTheFirstIteration() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      for (methods, part) in [
        ("[{name: cwf}]", "did you mean cwd?"), ("[{name: dsd}]", "without auxiliary head"),
        ("[{name: cwd, weight: much}]", "'much' of cwd"),
      ] {
        let result = try run.train("bad", ranks: nil, set: ["distill.methods=\(methods)"])
        #expect(result.exitCode == 65 && result.standardError.contains(part), "\(result)")
      }
    }
  }
}
