import Methods
import Testing
import Torch

/// The law of the project for methods: neither ranks nor threads change a bit of what is reported,
/// of the gradients of the student's outputs, or of what a method keeps.
@Suite(.serialized) struct ExactnessTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    var options: [(String, String)] = []
    var testDescription: String {
      ([name] + options.map { "\($0.0) \($0.1)" }).joined(separator: ", ")
    }
  }

  /// All methods with all their parts, and options that go other ways.
  static let cases: [Case] =
    MethodTable.names.map { Case(name: $0) } + [
      Case(name: "dist", options: [("intra_over", "batch")]),
      Case(name: "da", options: [("view", "mixup"), ("pick", "pairwise")]),
      Case(name: "r2kd", options: [("rank", "soft"), ("view", "none")]),
      Case(name: "rrd", options: [("unit", "image")]),
      Case(name: "rrd", options: [("unit", "pixel"), ("pixels", "9")]),
      Case(name: "spec", options: [("target", "sampled")]),
      Case(name: "lwkd", options: [("gan", "hinge")]),
      Case(name: "kdiga", options: [("norm", "sample")]),
      Case(name: "hkd", options: [("stage", "auxiliary")]),
    ]

  /// Memories that few steps fill.
  private static let small = [
    "cirkd": [("pixel_memory", "40"), ("region_memory", "7"), ("pixel_contrast", "90")],
    "rrd": [("memory", "33"), ("width", "24")],
  ]

  /// Without a map and with one. Second derivatives are one thread's in a run too.
  @Test(arguments: cases)
  func splitsAndThreadsChangeNoBit(_ item: Case) {
    let threads = TorchRuntime.threads
    defer { TorchRuntime.threads = threads }
    let all = ConformanceTests.all(item.name)
    let method = ChosenMethod(
      item.name, all.options + (Self.small[item.name] ?? []) + item.options)
    for isWeighted in [false, true] {
      let split = Split(method: method, type: .float32, isWeighted: isWeighted)
      let one = split.run(ranks: 1, threads: 1)
      #expect(one.reports.count == Split.steps && one.gradients.count == Split.steps)
      for (ranks, most) in [(1, 2), (3, 2)] {
        let threads = item.name == "kdiga" ? 1 : most
        let several = split.run(ranks: ranks, threads: threads)
        #expect(several.reports == one.reports, "\(ranks) ranks, \(threads) threads")
        for (step, (found, expected)) in zip(several.gradients, one.gradients).enumerated() {
          let differing = zip(found.joined(), expected.joined()).count { $0 != $1 }
          #expect(
            differing == 0 && found.map(\.count) == expected.map(\.count),
            "\(ranks) ranks, \(threads) threads, step \(step + 1): \(differing) gradients")
        }
        #expect(
          several.isAgreed && several.buffers == one.buffers,
          "\(ranks) ranks, \(threads) threads: what is kept")
      }
    }
  }
}
