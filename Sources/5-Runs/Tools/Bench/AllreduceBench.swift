import DataParallel
import Foundation
import MPI
import Steps

/// Times the sum of gradients over the ranks: `rdd bench allreduce`.
package enum AllreduceBench {
  /// What the sum of some gradients took, by the slowest rank of each call; medians over calls.
  package struct Row: Codable, Sendable {
    /// The type of the values.
    package let type: String
    /// Bytes of all gradients together.
    package let bytes: Int
    /// Seconds with our buckets, from the moment at which all gradients are ready.
    package let bucketSeconds: Double
    /// Seconds of a plain loop: an MPI_Allreduce for each gradient.
    package let loopSeconds: Double
    /// Seconds of one MPI_Allreduce over all gradients.
    package let wholeSeconds: Double
    /// Seconds in which every rank copies as many bytes in its memory.
    package let copySeconds: Double

    enum CodingKeys: String, CodingKey {
      case type, bytes
      case bucketSeconds = "bucket_seconds"
      case loopSeconds = "loop_seconds"
      case wholeSeconds = "whole_seconds"
      case copySeconds = "copy_seconds"
    }
  }

  /// What one run measured.
  package struct Timings: Codable, Sendable {
    /// The number of ranks.
    package let ranks: Int
    /// Gradients that each sum is dealt into, equally large.
    package let gradients: Int
    /// The most bytes of a bucket.
    package let bucketBytes: Int
    /// Calls of each kind.
    package let calls: Int
    /// A row for each type and size.
    package let rows: [Row]

    enum CodingKeys: String, CodingKey {
      case ranks, gradients, calls, rows
      case bucketBytes = "bucket_bytes"
    }
  }

  /// How many gradients a sum is dealt into: as many as a ResNet-18 with its head has parameters.
  static let gradientCount = 64

  /// Times buckets, loop, single call and copy in turn. Collective.
  ///
  /// - Parameters:
  ///   - sizes: bytes of all gradients together; rounded to whole values.
  ///   - bucketBytes: the most bytes of a bucket.
  ///   - calls: how many of each kind are timed, after two that are not.
  ///   - coordinator: the ranks.
  package static func run(
    sizes: [Int], bucketBytes: Int, calls: Int, coordinator: Coordinator
  ) throws -> Timings {
    let rows = try [MPI.ElementType.float32, .float64].flatMap { type in
      try sizes.map { try row($0, type, bucketBytes, calls, coordinator) }
    }
    return Timings(
      ranks: coordinator.worldSize, gradients: gradientCount, bucketBytes: bucketBytes,
      calls: calls, rows: rows)
  }

  private static func row(
    _ size: Int, _ type: MPI.ElementType, _ bucketBytes: Int, _ calls: Int,
    _ coordinator: Coordinator
  ) throws -> Row {
    let each = max(size / gradientCount / type.byteCount, 1) * type.byteCount
    let bytes = each * gradientCount
    // Zeros: their sums stay what they are, however often they are added.
    let (values, copy) = (zeros(bytes), zeros(bytes))
    defer { [values, copy].forEach { $0.deallocate() } }
    let parts = (0..<gradientCount).map {
      UnsafeMutableRawBufferPointer(rebasing: values[$0 * each..<($0 + 1) * each])
    }
    let communicator = coordinator.world.communicator
    let buckets = try GradientBuckets(
      gradients: parts.map { GradientBuffer($0, of: type) }, bucketBytes: bucketBytes,
      communicator: communicator)
    let ways: [() throws -> Void] = [
      {
        for index in parts.indices { buckets.ready(index) }
        buckets.wait()
      },
      { for part in parts { try communicator.allreduce(part, of: type, .sum) } },
      { try communicator.allreduce(values, of: type, .sum) },
      { copy.copyMemory(from: UnsafeRawBufferPointer(values)) },
    ]
    var seconds = ways.map { _ in [Double]() }
    for _ in 0..<calls + 2 {
      for (index, way) in ways.enumerated() {
        try communicator.barrier()
        seconds[index].append(try BenchTimes.seconds(way))
      }
    }
    try buckets.close()
    let medians = try seconds.map { mine in
      // Who is last ends the sum.
      let ranks = try coordinator.gathered(Array(mine.suffix(calls)))
      return BenchTimes.median((0..<calls).map { call in ranks.map { $0[call] }.max() ?? 0 })
    }
    return Row(
      type: "\(type)", bytes: bytes, bucketSeconds: medians[0], loopSeconds: medians[1],
      wholeSeconds: medians[2], copySeconds: medians[3])
  }

  private static func zeros(_ count: Int) -> UnsafeMutableRawBufferPointer {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: 0)
    return memory
  }
}

extension AllreduceBench.Timings {
  /// One JSON object.
  package var json: String { get throws { try BenchTimes.json(self) } }

  /// Lines for people; times in milliseconds.
  package var table: String {
    let head =
      "\(ranks) rank\(ranks == 1 ? "" : "s"), \(gradients) gradients, buckets of at most "
      + "\(ByteCount.text(bucketBytes)): medians of \(calls), milliseconds"
    let names = ["buckets", "loop", "one call", "copy", "GB/s", "copies"]
    let lines = rows.map { row in
      BenchTimes.row(
        "\(row.type) \(ByteCount.text(row.bytes))",
        [row.bucketSeconds, row.loopSeconds, row.wholeSeconds, row.copySeconds].map(
          BenchTimes.milliseconds)
          // One rank sums nothing.
          + (ranks == 1
            ? ["-", "-"]
            : [
              String(format: "%.2f", Double(row.bytes) / max(row.bucketSeconds, 1e-9) / 1e9),
              String(format: "%.1f", row.bucketSeconds / max(row.copySeconds, 1e-9)),
            ]),
        nameWidth: 20)
    }
    let largest = rows.max { $0.bytes < $1.bytes }
    let memory = largest.map { 2 * Double($0.bytes) / max($0.copySeconds, 1e-9) / 1e9 } ?? 0
    return
      ([head, BenchTimes.row("", names, nameWidth: 20)] + lines + [
        "GB/s: bytes of gradients that the buckets sum in a second; copies: how many copies of as "
          + "many bytes take as long",
        String(
          format: "memory: %.1f GB/s read and written by each rank, while all of them copy", memory),
      ]).joined(separator: "\n")
  }
}
