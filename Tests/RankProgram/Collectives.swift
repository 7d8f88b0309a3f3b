import Foundation
import MPI

/// Nothing, one, an odd number, and more than 1 MiB of the smallest type.
let sizes = [0, 1, 7, 1_100_003]

func checkWorld(_ world: World, _ arguments: [String]) throws {
  expectEqual(world.worldSize, Int(arguments.first ?? "") ?? 0, "world size")
  expect((0..<world.worldSize).contains(world.rank), "rank \(world.rank)")
  expectEqual(world.localWorldSize, world.worldSize, "ranks on this one host")
  expectEqual(world.localRank, world.rank, "local rank")
  expectEqual(
    try world.communicator.allgather(Int64(world.rank)).map { Int($0) },
    Array(0..<world.worldSize), "ranks")
  expectEqual(world.threadLevel, .multiple, "granted thread level")
  expectEqual(World.threadLevel, .multiple, "granted thread level")
  expect(World.isActive, "MPI is active")
  expectEqual(World.place?.rank, world.rank, "place")
}

func checkAllreduce(_ world: World, _ arguments: [String]) throws {
  let inPieces = try world.communicator.duplicate(countLimit: 100_000)
  for communicator in [world.communicator, inPieces] {
    try checkAllreduce(communicator, Float.self) { Float($0) }
    try checkAllreduce(communicator, Double.self) { Double($0) }
    try checkAllreduce(communicator, Int32.self) { Int32($0) - 40 }
    try checkAllreduce(communicator, Int64.self) { Int64($0) << 40 - 17 }
    try checkAllreduce(communicator, UInt64.self) { UInt64($0) << 56 }
    try checkAllreduce(communicator, UInt8.self) { UInt8($0) }
  }
  expectEqual(
    try world.communicator.allreduce(Double(world.rank + 1), .sum),
    Double(world.worldSize * (world.worldSize + 1) / 2), "one value")
  try inPieces.free()
}

/// Rank r holds `value((r + 1) * (i % 13))` at index i; every sum is below 2^8.
private func checkAllreduce<Value: ReducibleValue & Comparable & AdditiveArithmetic>(
  _ communicator: Communicator, _ type: Value.Type, _ value: (Int) -> Value
) throws {
  let ranks = 0..<communicator.worldSize
  for size in sizes {
    for operation in ReduceOperation.allCases {
      var values = (0..<size).map { value((communicator.rank + 1) * ($0 % 13)) }
      try values.withUnsafeMutableBufferPointer { try communicator.allreduce($0, operation) }
      // 13 residues have 13 answers, from a serial loop over the ranks.
      let answers = (0..<13).map { residue in
        let all = ranks.map { value(($0 + 1) * residue) }
        return switch operation {
        case .sum: all.reduce(.zero, +)
        case .minimum: all.reduce(all[0], min)
        case .maximum: all.reduce(all[0], max)
        }
      }
      let wrong = values.indices.first { values[$0] != answers[$0 % 13] }
      expect(
        wrong == nil, "\(operation) of \(size) \(type) is wrong at index \(wrong ?? -1)")
    }
  }
}

func checkBroadcast(_ world: World, _ arguments: [String]) throws {
  let inPieces = try world.communicator.duplicate(countLimit: 1000)
  for communicator in [world.communicator, inPieces] {
    for root in 0..<world.worldSize {
      for size in sizes {
        let wanted = pattern(size, seed: root)
        var bytes = world.rank == root ? wanted : [UInt8](repeating: 0, count: size)
        try bytes.withUnsafeMutableBytes { try communicator.broadcast($0, from: root) }
        expect(bytes == wanted, "broadcast of \(size) bytes from \(root)")
        let mine = world.rank == root ? wanted : []
        let found = try communicator.broadcast(mine, from: root)
        expect(found == wanted, "broadcast of unknown length from \(root): \(found.count) bytes")
      }
    }
  }
  try inPieces.free()
}

func checkGather(_ world: World, _ arguments: [String]) throws {
  let inPieces = try world.communicator.duplicate(countLimit: 1000)
  let ranks = 0..<world.worldSize
  for communicator in [world.communicator, inPieces] {
    expectEqual(
      try communicator.allgather(UInt64(world.rank) << 60), ranks.map { UInt64($0) << 60 },
      "allgather of values")
    for size in sizes {
      let all = try communicator.allgather(pattern(size, seed: world.rank))
      expect(all == ranks.flatMap { pattern(size, seed: $0) }, "allgather of \(size) bytes")
      // Every rank brings another number; the last one nothing.
      let lengths = ranks.map { size * (world.worldSize - 1 - $0) / world.worldSize }
      let parts = try communicator.allgatherv(pattern(lengths[world.rank], seed: world.rank))
      expect(parts == ranks.map { pattern(lengths[$0], seed: $0) }, "allgatherv of \(lengths)")
    }
  }
  try inPieces.free()
}

func checkBarrier(_ world: World, _ arguments: [String]) throws {
  for late in 0..<world.worldSize {
    try world.communicator.barrier()
    let begin = DispatchTime.now().uptimeNanoseconds
    if world.rank == late { Thread.sleep(forTimeInterval: 0.1) }
    try world.communicator.barrier()
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9
    expect(seconds > 0.05, "barrier left after \(seconds) s; expected to wait for rank \(late)")
  }
}

func checkRequests(_ world: World, _ arguments: [String]) throws {
  let inPieces = try world.communicator.duplicate(countLimit: 100_000)
  let total = Float(world.worldSize * (world.worldSize + 1) / 2)
  for communicator in [world.communicator, inPieces] {
    for size in sizes {
      let buffers = (0..<2).map { _ in
        UnsafeMutableBufferPointer<Float>.allocate(capacity: size)
      }
      for buffer in buffers { buffer.initialize(repeating: Float(world.rank + 1)) }
      let waited = try communicator.startAllreduce(buffers[0], .sum)
      let tested = try communicator.startAllreduce(buffers[1], .sum)
      while try !tested.test() { sched_yield() }
      try waited.wait()
      expect(waited.isComplete && tested.isComplete, "requests are complete")
      for buffer in buffers {
        expect(buffer.allSatisfy { $0 == total }, "\(size) values; expected \(total)")
        buffer.deallocate()
      }
    }
  }
  try inPieces.free()
}

/// Three threads communicate at once, each over a duplicate.
func checkThreads(_ world: World, _ arguments: [String]) throws {
  let communicators = try (0..<3).map { _ in try world.communicator.duplicate() }
  let size = world.worldSize
  DispatchQueue.concurrentPerform(iterations: communicators.count) { thread in
    for round in 0..<200 {
      let mine = Int64((world.rank + 1) * (thread + 1) + round)
      let expected = Int64(size * (size + 1) / 2 * (thread + 1) + size * round)
      let found = try? communicators[thread].allreduce(mine, .sum)
      expectEqual(found, expected, "thread \(thread), round \(round)")
    }
  }
  for communicator in communicators { try communicator.free() }
}

/// Unequal lengths are an error that MPI returns, with its text, on the ranks that see it.
func checkReturnedError(_ world: World, _ arguments: [String]) throws {
  var bytes = [UInt8](repeating: 0, count: world.rank == 0 ? 64 : 8)
  do {
    try bytes.withUnsafeMutableBytes { try world.communicator.broadcast($0, from: 0) }
    expectEqual(world.rank, 0, "a rank that saw no error")
  } catch let error as MPIError {
    expectEqual(error.call, "MPI_Bcast", "call")
    expect(error.message.contains("MPI_ERR_TRUNCATE"), "message: \(error)")
  }
}

/// Bytes that differ from seed to seed.
private func pattern(_ count: Int, seed: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ seed &* 101 &+ 7) }
}
