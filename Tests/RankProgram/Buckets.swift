import DataParallel
import Foundation
import MPI
import Randomness

/// Empty, tiny, odd and larger than a bucket; float64 between float32.
private let shapes: [GradientShape] =
  [5, 0, 1, 1000, 3, 3, 70_001].map { GradientShape(count: $0, type: .float32) }
  + [9, 2000].map { GradientShape(count: $0, type: .float64) }
  + [64, 31, 0, 12].map { GradientShape(count: $0, type: .float32) }

private enum Placement: CaseIterable { case owned, adjoining, scattered }

/// In every placement and bucket size: the sums equal a serial loop over the ranks, with gradients
/// that become ready in another random order on every rank and in every round.
func checkBuckets(_ world: World, _ arguments: [String]) throws {
  for placement in Placement.allCases {
    for bucketBytes in [1, 4096, 1 << 30] {
      for overlap in [true, false] {
        try checkBuckets(world, placement, bucketBytes: bucketBytes, overlap: overlap)
      }
    }
  }
}

private func checkBuckets(
  _ world: World, _ placement: Placement, bucketBytes: Int, overlap: Bool
) throws {
  let arena = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
  defer { arena.deallocate() }
  let buckets = try makeBuckets(
    world, placement, arena: arena, bucketBytes: bucketBytes, overlap: overlap)
  expectEqual(buckets.isOverlapped, overlap && world.worldSize > 1, "overlap")
  for round in 0..<5 {
    var random = CounterRandom(
      .test, seed: 7, bucketBytes, round, world.rank)
    for index in shapes.indices.shuffled(using: &random) {
      fill(buckets.gradient(index), index) { contribution(rank: world.rank, round, index, $0) }
      buckets.ready(index)
      if index % 4 == world.rank { usleep(200) }
    }
    buckets.wait()
    for index in shapes.indices {
      check(buckets.gradient(index), index, "\(placement), \(bucketBytes), round \(round)") { at in
        (0..<world.worldSize).reduce(0) { $0 + contribution(rank: $1, round, index, at) }
      }
    }
    checkEvents(buckets)
  }
  try buckets.close()
}

private func makeBuckets(
  _ world: World, _ placement: Placement, arena: UnsafeMutableRawBufferPointer, bucketBytes: Int,
  overlap: Bool
) throws -> GradientBuckets {
  if placement == .owned {
    return try GradientBuckets(
      shapes: shapes, bucketBytes: bucketBytes, communicator: world.communicator,
      overlap: overlap)
  }
  var end = 0
  let gradients = shapes.map { shape in
    // A gap between neighbours, of another size on each rank, or none.
    let start = end + (placement == .scattered ? 8 * (world.rank + 1) : 0)
    end = start + shape.byteCount
    return GradientBuffer(
      UnsafeMutableRawBufferPointer(rebasing: arena[start..<end]), of: shape.type)
  }
  return try GradientBuckets(
    gradients: gradients, bucketBytes: bucketBytes, communicator: world.communicator,
    overlap: overlap)
}

/// A small whole number, so that every order of addition gives the same bits.
private func contribution(rank: Int, _ round: Int, _ index: Int, _ at: Int) -> Int {
  (rank + 1) * (at % 11) + 100 * round + index
}

private func fill(_ bytes: UnsafeMutableRawBufferPointer, _ index: Int, _ value: (Int) -> Int) {
  for at in 0..<shapes[index].count {
    switch shapes[index].type {
    case .float32: bytes.storeBytes(of: Float(value(at)), toByteOffset: 4 * at, as: Float.self)
    default: bytes.storeBytes(of: Double(value(at)), toByteOffset: 8 * at, as: Double.self)
    }
  }
}

private func check(
  _ bytes: UnsafeMutableRawBufferPointer, _ index: Int, _ what: String, _ value: (Int) -> Int
) {
  for at in 0..<shapes[index].count {
    let found =
      shapes[index].type == .float32
      ? Double(bytes.loadUnaligned(fromByteOffset: 4 * at, as: Float.self))
      : bytes.loadUnaligned(fromByteOffset: 8 * at, as: Double.self)
    expectEqual(found, Double(value(at)), "gradient \(index) at \(at), \(what)")
  }
}

private func checkEvents(_ buckets: GradientBuckets) {
  expectEqual(buckets.events.map(\.bucket), Array(buckets.layout.buckets.indices), "events")
  var end: UInt64 = 0
  for event in buckets.events {
    expect(
      event.handedOverNanoseconds > 0 && event.handedOverNanoseconds <= event.begunNanoseconds
        && event.begunNanoseconds <= event.endedNanoseconds && end <= event.begunNanoseconds,
      "times are not in order: \(event), previous end \(end)")
    end = event.endedNanoseconds
  }
  expect(buckets.exposedSeconds >= 0, "exposed seconds \(buckets.exposedSeconds)")
}

/// Sums of gradients that travel as bfloat16 are right to its rounding; every rank holds the same bits.
func checkRoundedBuckets(_ world: World, _ arguments: [String]) throws {
  let shapes =
    [3, 300_001].map { GradientShape(count: $0, type: .float64) }
    + [700].map { GradientShape(count: $0, type: .float32) }
  for overlap in [true, false] {
    let buckets = try GradientBuckets(
      shapes: shapes, bucketBytes: 1 << 22, communicator: world.communicator, overlap: overlap,
      wire: .bfloat16)
    func value(_ rank: Int, _ at: Int) -> Double { sin(Double(at + 1)) / Double(rank + 1) }
    for (index, shape) in shapes.enumerated() {
      let bytes = buckets.gradient(index)
      for at in 0..<shape.count {
        if shape.type == .float32 {
          bytes.storeBytes(of: Float(value(world.rank, at)), toByteOffset: 4 * at, as: Float.self)
        } else {
          bytes.storeBytes(of: value(world.rank, at), toByteOffset: 8 * at, as: Double.self)
        }
      }
      buckets.ready(index)
    }
    buckets.wait()
    for (index, shape) in shapes.enumerated() {
      let bytes = buckets.gradient(index)
      for at in 0..<shape.count {
        let found =
          shape.type == .float32
          ? Double(bytes.loadUnaligned(fromByteOffset: 4 * at, as: Float.self))
          : bytes.loadUnaligned(fromByteOffset: 8 * at, as: Double.self)
        let terms = (0..<world.worldSize).map { value($0, at) }
        let sum = terms.reduce(0, +), size = terms.reduce(0) { $0 + abs($1) }
        // Each value and each partial sum is rounded to 8 bits. One rank sends nothing.
        let allowed = world.worldSize == 1 ? 1e-7 : size * Double(world.worldSize) / 256
        expect(abs(found - sum) <= allowed, "gradient \(index) at \(at): \(found), sum \(sum)")
        if world.worldSize > 1 {
          expectEqual(Float(found).bitPattern & 0xffff, 0, "bits beyond bfloat16 at \(at)")
          expectEqual(Double(Float(found)), found, "a float32 at \(at)")
        }
      }
      let sums = (0..<shape.count).map { at in
        shape.type == .float32
          ? UInt64(bytes.loadUnaligned(fromByteOffset: 4 * at, as: UInt32.self))
          : bytes.loadUnaligned(fromByteOffset: 8 * at, as: UInt64.self)
      }
      let hash = sums.reduce(0) { $0 &* 31 &+ $1 }
      let least = try world.communicator.allreduce(hash, .minimum)
      expectEqual(hash, least, "gradient \(index) on rank \(world.rank)")
    }
    try buckets.close()
  }
}

/// While backward still works on the last gradients, the first ones are reduced already.
func checkBucketOrder(_ world: World, _ arguments: [String]) throws {
  let shapes = (0..<4).map { _ in GradientShape(count: 1000, type: .float32) }
  let buckets = try GradientBuckets(
    shapes: shapes, bucketBytes: 4096, communicator: world.communicator)
  for index in shapes.indices {
    Thread.sleep(forTimeInterval: 0.1)
    buckets.ready(index)
  }
  buckets.wait()
  let overlapped = buckets.events[0].endedNanoseconds < buckets.events[3].handedOverNanoseconds
  expectEqual(overlapped, world.worldSize > 1, "bucket 0 is reduced during backward")
  try buckets.close()
}
