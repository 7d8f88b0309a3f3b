import Foundation
import FoundationXML
import TestSupport
import Testing

/// `rdd bench`, run by the real command.
@Suite struct BenchTests {
  @Test func stepsOnTwoRanks() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      let result = try MPIRun.run(
        ranks: 2, program: "rdd",
        arguments: ["bench", "step", run.path("tiny.yaml"), "--steps", "4", "--json"],
        environment: ["OMP_NUM_THREADS": "1"])
      try #require(result.exitCode == 0, "\(result)")
      let step = try JSONDecoder().decode(Step.self, from: Data(result.standardOutput.utf8))
      #expect(step.ranks == 2 && step.steps == 4 && step.stages == ["tse"])
      #expect(step.step_seconds.ranks.count == 2 && step.step_seconds.minimum > 0)
      #expect(
        Set(step.phase_seconds.keys) == [
          "data", "teacher", "student", "difficulty", "backward", "communication", "update",
        ])
      // The phases are all of the step.
      for rank in 0...1 {
        let sum = step.phase_seconds.values.reduce(0) { $0 + $1.ranks[rank] }
        #expect(abs(sum - step.step_seconds.ranks[rank]) < 0.5 * step.step_seconds.ranks[rank])
      }
      #expect(abs(step.images_per_second * step.step_seconds.median - 4) < 1e-6)
      #expect(step.peak_bytes > 1e7)
    }
  }

  @Test func losses() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      let result = try MPIRun.run(
        ranks: nil, program: "rdd",
        arguments: ["bench", "loss", run.path("tiny.yaml"), "--calls", "3", "--json"])
      try #require(result.exitCode == 0, "\(result)")
      let loss = try JSONDecoder().decode(Loss.self, from: Data(result.standardOutput.utf8))
      #expect(Set(loss.seconds.keys) == ["tfe", "tse"])
      #expect(loss.seconds.values.allSatisfy { $0 > 0 && $0 < 1 })
    }
  }

  @Test(arguments: [nil, 2])
  func sumsOfGradients(ranks: Int?) throws {
    let sizes = ["--mebibytes", "0.01", "--mebibytes", "2"]
    let result = try MPIRun.run(
      ranks: ranks, program: "rdd",
      arguments: ["bench", "allreduce", "--calls", "3", "--json"] + sizes)
    try #require(result.exitCode == 0, "\(result)")
    let sums = try JSONDecoder().decode(Sums.self, from: Data(result.standardOutput.utf8))
    #expect(sums.ranks == ranks ?? 1)
    #expect(sums.rows.map(\.type) == ["float32", "float32", "float64", "float64"])
    #expect(sums.rows.map { $0.bytes >> 10 } == [10, 2048, 10, 2048])
    for row in sums.rows {
      let seconds = [row.bucket_seconds, row.loop_seconds, row.whole_seconds, row.copy_seconds]
      #expect(seconds.allSatisfy { $0 > 0 && $0 < 1 })
    }
  }

  @Test func teacherOfBothEngines() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      let bench = ["bench", "teacher", run.path("tiny.yaml"), "--calls", "2", "--json"]
      let result = try MPIRun.run(ranks: nil, program: "rdd", arguments: bench)
      try #require(result.exitCode == 0, "\(result)")
      let teacher = try JSONDecoder().decode(Teacher.self, from: Data(result.standardOutput.utf8))
      #expect(teacher.network == "deeplabv3_resnet18" && teacher.images == 4)
      #expect(teacher.compiled.seconds > 0 && teacher.eager.seconds > 0)
      #expect(teacher.ratio[1] <= teacher.ratio[0] && teacher.ratio[0] <= teacher.ratio[2])
      // They round in another order, so they are not equal.
      #expect(teacher.difference > 0 && teacher.difference < 1e-4)
      let exact = try MPIRun.run(
        ranks: nil, program: "rdd", arguments: bench + ["--set", "train.precision=float64"])
      #expect(exact.exitCode == 65 && exact.standardError.contains("precision float64"), "\(exact)")
    }
  }

  /// Steps measured on one and two ranks, side by side.
  @Test func scaling() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      for ranks in 1...2 {
        let result = try MPIRun.run(
          ranks: ranks, program: "rdd",
          arguments: [
            "bench", "step", run.path("tiny.yaml"), "--steps", "2", "--warmup", "1", "--json",
            "--set", "train.batch_size=\(2 * ranks)", "--set", "train.threads=1",
          ])
        try #require(result.exitCode == 0, "\(result)")
        try result.standardOutput.write(
          toFile: run.path("\(ranks).json"), atomically: true, encoding: .utf8)
      }
      let picture = run.path("scaling.svg")
      let scaling = [
        "bench", "scaling", run.path("1.json"), run.path("2.json"), "--gigabits", "10",
      ]
      let table = try MPIRun.run(
        ranks: nil, program: "rdd", arguments: scaling + ["--picture", picture])
      try #require(table.exitCode == 0, "\(table)")
      for text in ["weak: 2 images a rank", "projected, not measured", "1.25 GB/s", "as given"] {
        #expect(table.standardOutput.contains(text), "\(table)")
      }
      let svg = try XMLDocument(
        contentsOf: URL(fileURLWithPath: picture), options: [])
      #expect(svg.rootElement()?.name == "svg")
      for (arguments, code) in [
        (["bench", "scaling", run.path("3.json")], 66),
        (["bench", "scaling", run.path("tiny.yaml")], 65),
        (["bench", "scaling", run.path("1.json")], 65),
        (scaling + ["--picture", "/dev/null/a.svg"], 73),
      ] as [([String], Int32)] {
        let result = try MPIRun.run(ranks: nil, program: "rdd", arguments: arguments)
        #expect(result.exitCode == code && result.standardError.contains("scaling"), "\(result)")
      }
    }
  }

  private struct Sums: Decodable {
    let ranks: Int
    let rows: [Row]

    struct Row: Decodable {
      let type: String
      let bytes: Int
      let bucket_seconds: Double
      let loop_seconds: Double
      let whole_seconds: Double
      let copy_seconds: Double
    }
  }

  private struct Teacher: Decodable {
    let network: String
    let images: Int
    let compiled: Engine
    let eager: Engine
    let ratio: [Double]
    let difference: Double

    struct Engine: Decodable { let seconds: Double }
  }

  private struct Spread: Decodable {
    let median: Double
    let minimum: Double
    let ranks: [Double]
  }

  private struct Step: Decodable {
    let ranks: Int
    let steps: Int
    let stages: [String]
    let step_seconds: Spread
    let phase_seconds: [String: Spread]
    let images_per_second: Double
    let peak_bytes: Double
  }

  private struct Loss: Decodable { let seconds: [String: Double] }
}
