import Foundation
import TestSupport
import Testing

/// What a method measures falls while the student learns from it, in short runs of the real command.
///
/// No score is compared: runs this short say nothing of it.
@Suite(.serialized) struct MethodMovementTests {
  /// A term of a line of metrics, by name.
  private struct Terms: Decodable {
    let kind: String
    let methods: [String: Double]?
  }

  /// A method, a term, and the share of its start that it is expected below.
  private static let table = [
    ("{name: kd}", "kd", 0.8), ("{name: cwd}", "cwd.logits", 0.8), ("{name: at}", "at", 0.8),
    ("{name: ifvd}", "ifvd", 0.8), ("{name: dist}", "dist.inter", 0.8),
    ("{name: spec}", "spec.corrected", 0.8),
  ]

  @Test func termsFall() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      let common = [
        "train.checkpoint_every=0", "data.scenes.validation_count=1", "train.learning_rate=0.02",
      ]
      let labels = ["distill=none", "student.network=deeplabv3_resnet18", "train.iterations=24"]
      try #require(run.train("teacher", ranks: nil, set: common + labels).exitCode == 0)
      let taught = [
        "teacher.from_seed=false", "teacher.weights=\(run.path("teacher/student.safetensors"))",
        "distill.kd_weight=0", "train.iterations=12",
      ]
      for (method, term, share) in Self.table {
        let result = try run.train(
          "student", ranks: nil, set: common + taught + ["distill.methods=[\(method)]"])
        try #require(result.exitCode == 0, "\(method): \(result)")
        let lines = try String(contentsOfFile: run.path("student/metrics.jsonl"), encoding: .utf8)
          .split(separator: "\n").map { try JSONDecoder().decode(Terms.self, from: Data($0.utf8)) }
        let values = lines.filter { $0.kind == "train" }.compactMap { $0.methods?[term] }
        try #require(values.count == 12, "\(method): \(values)")
        let (start, end) = (values[..<3].reduce(0, +), values[9...].reduce(0, +))
        #expect(end < share * start, "\(method): \(values)")
        try FileManager.default.removeItem(atPath: run.path("student"))
      }
    }
  }
}
