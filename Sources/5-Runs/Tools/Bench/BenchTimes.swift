import Dispatch
import Files
import Foundation
import MPI
import Randomness
import Steps
import Torch

/// What all benches measure and print with.
package enum BenchTimes {
  /// Seconds that something takes.
  static func seconds(_ body: () throws -> Void) rethrows -> Double {
    let begin = DispatchTime.now().uptimeNanoseconds
    try body()
    return Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9
  }

  /// The middle value, or the mean of the two middle ones; 0 of none.
  package static func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  /// One JSON object, its keys in alphabetical order.
  static func json(_ timings: some Encodable) throws -> String {
    try JSONText.of(timings, isPretty: true)
  }

  /// Seconds as milliseconds, with digits enough for a small collective.
  static func milliseconds(_ seconds: Double) -> String {
    String(format: seconds < 0.01 ? "%.3f" : "%.1f", 1e3 * seconds)
  }

  /// A line of a table: a name, then columns that stand on the right.
  static func row(_ name: String, _ cells: [String], nameWidth: Int = 15) -> String {
    name.padding(toLength: nameWidth, withPad: " ", startingAt: 0)
      + cells.map { String(repeating: " ", count: max(9 - $0.count, 1)) + $0 }.joined()
  }

  /// Reproducible normal numbers of a deviation.
  static func noise(_ shape: [Int], deviation: Double, index: Int) -> Tensor {
    var random = CounterRandom(.bench, seed: 1, index)
    return Tensor(
      (0..<shape.reduce(1, *)).map { _ in Float(deviation * random.normal()) }, shape)
  }
}

extension Coordinator {
  /// The values of every rank, equally many, in rank order. Collective.
  func gathered(_ values: [Double]) throws(MPIError) -> [[Double]] {
    let bytes = values.withUnsafeBytes { Array($0) }
    return try world.communicator.allgatherv(bytes).map { mine in
      mine.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) }
    }
  }
}
