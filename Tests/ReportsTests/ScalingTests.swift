import Foundation
import Reports
import Testing
import Tools

/// Steps on several numbers of ranks, in closed form.
@Suite struct ScalingTests {
  /// A step as `rdd bench step --json` tells it: all of it is backward, but for what waits.
  private func step(
    ranks: Int, batch: Int, seconds: Double, sums: Double = 0, exposed: Double = 0,
    precision: String = "float32"
  ) throws -> StepTimings {
    func spread(_ value: Double) -> String {
      "{\"median\": \(value), \"minimum\": \(value), \"ranks\": []}"
    }
    let text = """
      {"ranks": \(ranks), "threads": 1, "batch_size": \(batch), "crop": [64, 128],
       "precision": "\(precision)", "stages": ["tse"], "steps": 3, "skipped_updates": 0,
       "step_seconds": \(spread(seconds)), "processor_seconds": \(spread(seconds)),
       "phase_seconds": {"backward": \(spread(0.5)), "communication": \(spread(exposed))},
       "collective_seconds": \(spread(sums)), "images_per_second": \(Double(batch) / seconds),
       "peak_bytes": 1, "resident_bytes": {"first_third": 1, "last_third": 1, "flat": true},
       "gradient_bytes": 1000000000, "fresh_pages": \(spread(0))}
      """
    return try JSONDecoder().decode(StepTimings.self, from: Data(text.utf8))
  }

  @Test func seriesAreFoundByWhatStaysEqual() throws {
    let scaling = try Scaling([
      step(ranks: 4, batch: 8, seconds: 1.25), step(ranks: 1, batch: 2, seconds: 1),
      step(ranks: 2, batch: 4, seconds: 1), step(ranks: 1, batch: 8, seconds: 4),
      step(ranks: 2, batch: 8, seconds: 2.5),
    ])
    #expect(scaling.weak.map(\.images) == [2])
    #expect(scaling.weak[0].points.map(\.ranks) == [1, 2, 4])
    #expect(scaling.weak[0].points.map(\.efficiency) == [1, 1, 0.8])
    #expect(scaling.strong.map(\.images) == [8])
    #expect(scaling.strong[0].points.map(\.efficiency) == [1, 0.8, 0.8])
    // Nobody said how fast gradients are summed.
    #expect(scaling.projection == nil)
  }

  @Test func projectionInClosedForm() throws {
    // A second: 0.8 of computing, 0.1 in small sums, 0.1 waiting for a gigabyte of gradients.
    let steps = [
      try step(ranks: 1, batch: 2, seconds: 0.8),
      try step(ranks: 2, batch: 4, seconds: 1, sums: 0.1, exposed: 0.1),
    ]
    let projection = try #require(try Scaling(steps, linkGigabits: 16).projection)
    #expect(projection.points.map(\.ranks) == [2, 4, 8, 16, 32, 64])
    #expect(abs(projection.computeSeconds - 0.8) < 1e-12)
    // 2 GB/s: the gigabyte passes 2 (n - 1) / n times, half a second of it behind backward.
    for point in projection.points {
      let ranks = Double(point.ranks)
      let sum = 2 * (ranks - 1) / ranks * 0.5
      let expected = 0.8 + 0.1 * log2(ranks) + max(sum - 0.5, 0)
      #expect(abs(point.seconds - expected) < 1e-9, "\(point.ranks)")
      #expect(abs(point.efficiency - 0.8 / expected) < 1e-9)
    }
  }

  /// A rate that was measured between two ranks gives that time back.
  @Test func measuredSums() throws {
    let steps = [
      try step(ranks: 1, batch: 2, seconds: 0.8), try step(ranks: 2, batch: 4, seconds: 1),
    ]
    let text = """
      {"ranks": 2, "gradients": 64, "bucket_bytes": 1, "calls": 1, "rows": [
        {"type": "float64", "bytes": 1000, "bucket_seconds": 9, "loop_seconds": 9,
         "whole_seconds": 9, "copy_seconds": 9},
        {"type": "float64", "bytes": 500000000, "bucket_seconds": 0.5, "loop_seconds": 1,
         "whole_seconds": 1, "copy_seconds": 1}]}
      """
    let sums = try JSONDecoder().decode(AllreduceBench.Timings.self, from: Data(text.utf8))
    let scaling = try Scaling(steps, sums: sums)
    let projection = try #require(scaling.projection)
    #expect(projection.linkBytesPerSecond == 1e9)
    // A gigabyte takes a second, half of it behind backward.
    #expect(abs(projection.points[0].seconds - 1.5) < 1e-9)
    #expect(scaling.table.contains("as measured between these ranks"))
    #expect(scaling.picture.contains("<g class=\"curve c1\"><polyline points="))
  }

  @Test func whatCannotBeCompared() throws {
    let other = try step(ranks: 2, batch: 4, seconds: 1, precision: "bfloat16")
    let one = try step(ranks: 1, batch: 2, seconds: 1)
    #expect(throws: ReportError.self) { try Scaling([one, other]) }
    #expect(throws: ReportError.self) { try Scaling([one]) }
  }
}
