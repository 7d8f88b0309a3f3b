import Foundation
import TestSupport
import Testing
import Torch
import WeightFiles

/// One set of vector instructions on all ranks, whatever their processors have.
///
/// The learning rate is one at which rounding errors grow tenfold an iteration.
@Suite(.serialized) struct InstructionTests {
  private static let avx2 = ["RDD_INSTRUCTIONS": "avx2"]
  /// What this host has, if that is more than AVX2.
  private static var wide: InstructionSet? {
    InstructionSet.ofHost.flatMap { $0 > .avx2 ? $0 : nil }
  }

  @Test func eachSetGivesTheSameBitsTwice() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      var found: [InstructionSet: [String: [UInt8]]] = [:]
      for set in InstructionSet.allCases where set <= InstructionSet.ofHost ?? .avx2 {
        for name in ["\(set)", "\(set)-again"] {
          let result = try run.train(name, ranks: nil, set: wish(set) + ["train.iterations=6"])
          try #require(result.exitCode == 0, "\(result)")
          let first = result.standardError.split(separator: "\n").first ?? ""
          #expect(
            first.hasSuffix("; instructions: \(set.rawValue) (train.instructions)"), "\(first)")
        }
        let weights = try run.weights("\(set)")
        let again = try run.weights("\(set)-again")
        #expect(weights.count > 100 && again == weights, "\(set)")
        let others = found.filter { $0.value == weights }.keys.sorted().map(\.rawValue)
        print("\(set.rawValue): the weights of \(others.isEmpty ? "no smaller set" : "\(others)")")
        found[set] = weights
      }
    }
  }

  @Test func ranksThatDifferTrainTheWeightsOfTheLeast() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      try #require(run.train("one", ranks: nil, set: wish(.avx2)).exitCode == 0)
      let weights = try run.weights("one")
      for lowered in 0...1 {
        let name = "rank \(lowered) lowered"
        let result = try run.train(
          name, ranks: 2, set: ["train.learning_rate=0.02"], onlyRank: [lowered: Self.avx2])
        try #require(result.exitCode == 0, "\(result)")
        if let wide = Self.wide {
          #expect(
            result.standardError.split(separator: "\n")[0].hasSuffix(
              "instructions: avx2 (the least of 2 ranks; rank \(1 - lowered) has \(wide.rawValue))"),
            "\(result)")
        }
        #expect(try run.weights(name) == weights, "\(name)")
        let saved = try WeightFile.read(
          run.path("\(name)/checkpoints/iteration_0000010.safetensors"))
        #expect(saved.metadata["instructions"] == "avx2")
      }
    }
  }

  @Test(.enabled(if: Self.wide != nil, "a processor with AVX-512"))
  func goingOnWithOthersIsSaid() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      let short = ["train.iterations=2"]
      try #require(
        run.train("run", ranks: nil, set: short, environment: Self.avx2).exitCode == 0)
      let warnings = { (result: ProcessResult) in
        result.standardError.split(separator: "\n").filter { $0.contains("instructions: going on") }
      }
      let other = try run.train("run", ranks: nil, set: short)
      #expect(other.exitCode == 0 && warnings(other).count == 1, "\(other)")
      let line = warnings(other).first ?? ""
      #expect(line.contains("than avx2") && line.contains("train.instructions=avx2 keeps"))
      // What the line says works.
      let kept = try run.train("run", ranks: nil, set: short + ["train.instructions=avx2"])
      #expect(kept.exitCode == 0 && warnings(kept).isEmpty, "\(kept)")
      // Nothing was trained with it, so that the checkpoint is as it was.
      let again = try run.train("run", ranks: nil, set: short)
      #expect(again.exitCode == 0 && warnings(again).count == 1, "\(again)")
    }
  }

  @Test(arguments: [nil, 2])
  func moreThanARankHasIsRefused(ranks: Int?) throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      let result = try run.train(
        "run", ranks: ranks, set: ["train.instructions=avx512"],
        environment: ranks == nil ? Self.avx2 : [:], onlyRank: ranks == nil ? [:] : [1: Self.avx2])
      // Open MPI 5 says more.
      let lines = result.standardError.split(separator: "\n").filter { $0.hasPrefix("rdd: ") }
      #expect(result.exitCode == 69 && lines.count == 1, "\(result)")
      #expect(
        lines.first?.contains("with avx2; expected processors with avx512 on all ranks") == true,
        "\(result)")
      let narrow = try run.train(
        "run", ranks: ranks, set: ["train.precision=bfloat16"], environment: Self.avx2)
      #expect(narrow.exitCode == 69, "\(narrow)")
      #expect(narrow.standardError.contains("found bfloat16 with instructions avx2"), "\(narrow)")
    }
  }

  @Test func checkTellsWhatLibrariesUse() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      // LibTorch reads this variable when its first kernel runs: it is overwritten by then.
      let result = try MPIRun.run(
        ranks: nil, program: "rdd",
        arguments: ["check", run.path("tiny.yaml"), "--set", "train.instructions=avx2"],
        environment: ["ATEN_CPU_CAPABILITY": "default"])
      let row = result.standardOutput.split(separator: "\n").first { $0.hasPrefix("instructions ") }
      #expect(
        row?.contains("avx2 (train.instructions); kernels: oneDNN avx2, LibTorch AVX2") == true,
        "\(result)")
    }
  }

  private func wish(_ set: InstructionSet) -> [String] {
    ["train.learning_rate=0.02", "train.instructions=\(set.rawValue)"]
  }
}
