import Host

/// Several ranks as threads of one process, for tests and for `--ranks-simulated` of `rdd parity`.
///
/// Contributions are added in rank order, so a result does not depend on how threads are scheduled.
package enum SimulatedRanks {
  /// Runs `body` once a rank, each on a thread of its own, and returns the results in rank order.
  ///
  /// - Parameters:
  ///   - count: the number of ranks, at least 1.
  ///   - body: the work of one rank; it calls the reducer's collectives as an MPI rank would.
  /// - Returns: `count` results, in rank order.
  package static func run<Result: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (any Reducer) -> Result
  ) -> [Result] {
    let meeting = Meeting(worldSize: count)
    let results = Results<Result>(count)
    for rank in 0..<count {
      Threads.startOrEnd("rdd-rank-\(rank)", stackBytes: 16 << 20) {
        results.set(rank, body(SimulatedRank(rank: rank, meeting: meeting)))
      }
    }
    return results.waitForAll()
  }
}

/// One simulated rank's view of the meeting.
private final class SimulatedRank: Reducer {
  let rank: Int
  var worldSize: Int { meeting.worldSize }
  private let meeting: Meeting

  init(rank: Int, meeting: Meeting) {
    self.rank = rank
    self.meeting = meeting
  }

  func sum(_ values: UnsafeMutableBufferPointer<Double>) {
    meeting.reduce(rank: rank, values) { $0 + $1 }
  }

  func sum(_ values: UnsafeMutableBufferPointer<Int64>) {
    meeting.reduce(rank: rank, values) { $0 &+ $1 }
  }

  func maximum(_ values: UnsafeMutableBufferPointer<Int64>) {
    meeting.reduce(rank: rank, values) { max($0, $1) }
  }

  func gather(_ bytes: [UInt8]) -> [[UInt8]] { meeting.gather(rank: rank, bytes) }
}

/// Where simulated ranks meet: everybody brings a buffer, the last one adds, everybody leaves.
private final class Meeting: Sendable {
  private struct State {
    var contributions: [UnsafeMutableRawBufferPointer?]
    var gathered: [[UInt8]]
    var arrived = 0
    var generation = 0
  }

  let worldSize: Int
  private let monitor: Monitor<State>

  init(worldSize: Int) {
    self.worldSize = worldSize
    monitor = Monitor(
      State(
        contributions: Array(repeating: nil, count: worldSize),
        gathered: Array(repeating: [], count: worldSize)))
  }

  func gather(rank: Int, _ bytes: [UInt8]) -> [[UInt8]] {
    monitor.change { $0.gathered[rank] = bytes }
    // The first sum returns when all have brought theirs, the second when all have taken them.
    barrier(rank)
    let all = monitor.change { $0.gathered }
    barrier(rank)
    return all
  }

  private func barrier(_ rank: Int) {
    var nothing: Int64 = 0
    withUnsafeMutablePointer(to: &nothing) { pointer in
      reduce(rank: rank, UnsafeMutableBufferPointer(start: pointer, count: 1)) { $0 + $1 }
    }
  }

  func reduce<Value>(
    rank: Int, _ values: UnsafeMutableBufferPointer<Value>, _ add: (Value, Value) -> Value
  ) {
    let mine = monitor.change { state -> Int? in
      state.contributions[rank] = UnsafeMutableRawBufferPointer(values)
      state.arrived += 1
      guard state.arrived == worldSize else { return state.generation }
      let buffers = state.contributions.compactMap { $0?.bindMemory(to: Value.self) }
      precondition(
        buffers.allSatisfy { $0.count == values.count },
        "Reducer.sum: ranks brought \(buffers.map(\.count)) values; expected equal counts")
      for index in 0..<values.count {
        let total = buffers.dropFirst().reduce(buffers[0][index]) { add($0, $1[index]) }
        for buffer in buffers { buffer[index] = total }
      }
      state.arrived = 0
      state.generation += 1
      return nil
    }
    if let mine { monitor.wait { $0.generation == mine ? nil : () } }
  }
}

/// The results of the ranks, filled from their threads.
private final class Results<Value: Sendable>: Sendable {
  private let values: Monitor<[Value?]>

  init(_ count: Int) { values = Monitor(Array(repeating: nil, count: count)) }

  func set(_ index: Int, _ value: Value) { values.change { $0[index] = value } }

  func waitForAll() -> [Value] {
    values.wait { values in
      let all = values.compactMap { $0 }
      return all.count == values.count ? all : nil
    }
  }
}
