import Foundation
import TestSupport
import Testing

/// What a trace shows of a run on two ranks.
@Suite struct TraceTests {
  @Test func gradientsLeaveAndTheTeacherStartsEarly() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      let path = run.path("trace.json")
      // Small buckets; the student has 13 MB of gradients.
      let result = try run.train(
        "run", ranks: 2, set: ["train.bucket_mebibytes=1"], options: ["--trace", path])
      try #require(result.exitCode == 0, "\(result)")
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      let all = try JSONDecoder().decode(File.self, from: data).traceEvents
      let events = all.filter { $0.ph == "X" }
      #expect(Set(all.filter { $0.ph == "M" }.map(\.pid)) == [0, 1])
      for rank in 0...1 {
        let mine = events.filter { $0.pid == rank }
        for name in ["teacher", "student", "difficulty", "backward", "communication", "update"] {
          #expect(
            mine.filter { $0.name == name }.map(\.args.iteration).sorted() == Array(1...10),
            "\(name) of rank \(rank)")
        }
        // Phases follow each other; a bucket is ready before it leaves.
        let phases = mine.filter { $0.tid == 0 }
        #expect(zip(phases, phases.dropFirst()).allSatisfy { $0.end <= $1.begin + 0.002 })
        let buckets = mine.filter { $0.tid == 1 }
        #expect(buckets.count >= 10 * 10)
        #expect(buckets.allSatisfy { $0.args.ready ?? .infinity <= $0.begin })
        // In each iteration the first bucket arrives before backward has ended.
        for iteration in 1...10 {
          let backward = try #require(
            mine.first { $0.name == "backward" && $0.args.iteration == iteration })
          let bucket = try #require(
            buckets.first { $0.name == "bucket 0" && $0.args.iteration == iteration })
          #expect(bucket.end < backward.end, "iteration \(iteration) of rank \(rank)")
        }
      }
      // The next teacher starts before the last bucket has arrived: not always in memory that ranks
      // share, but somewhere in ten iterations.
      let early = (0...1).contains { rank in
        (1...9).contains { iteration in
          let arrival = events.filter { event in
            event.pid == rank && event.tid == 1 && event.args.iteration == iteration
          }.map(\.end).max()
          let teacher = events.first { event in
            event.pid == rank && event.name == "teacher" && event.args.iteration == iteration + 1
          }
          return teacher?.begin ?? .infinity < arrival ?? 0
        }
      }
      #expect(early)
    }
  }

  private struct File: Decodable { let traceEvents: [Event] }

  private struct Event: Decodable {
    let name: String
    let ph: String
    let pid: Int
    let tid: Int?
    let ts: Double?
    let dur: Double?
    let args: Arguments

    var begin: Double { ts ?? .infinity }
    var end: Double { begin + (dur ?? 0) }
  }

  private struct Arguments: Decodable {
    let iteration: Int
    let ready: Double?

    enum CodingKeys: CodingKey { case iteration, ready }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      iteration = try container.decodeIfPresent(Int.self, forKey: .iteration) ?? 0
      ready = try container.decodeIfPresent(Double.self, forKey: .ready)
    }
  }
}
