import CMPI

extension Communicator {
  /// One value of every rank, in rank order. Collective.
  ///
  /// Source: MPI_Allgather, MPI 3.1, section 5.7.
  package func allgather<Value: ReducibleValue>(_ value: Value) throws(MPIError) -> [Value] {
    var values = [Value](repeating: value, count: worldSize)
    let code = values.withUnsafeMutableBytes {
      MPI_Allgather(
        cmpi_in_place(), 0, cmpi_byte(), $0.baseAddress, Int32(MemoryLayout<Value>.size),
        cmpi_byte(), handle)
    }
    try check("MPI_Allgather", code)
    return values
  }

  /// The bytes of every rank one after another, in rank order. Collective.
  ///
  /// All ranks bring equally many bytes.
  package func allgather(_ bytes: [UInt8]) throws(MPIError) -> [UInt8] {
    try allgather(bytes, counts: Array(repeating: bytes.count, count: worldSize))
  }

  /// The bytes of every rank, in rank order; each rank may bring another number. Collective.
  ///
  /// Source: MPI_Allgatherv, MPI 3.1, section 5.7.
  package func allgatherv(_ bytes: [UInt8]) throws(MPIError) -> [[UInt8]] {
    let counts = try allgather(Int64(bytes.count)).map { Int($0) }
    let all = try allgather(bytes, counts: counts)
    var end = 0
    return counts.map { count in
      end += count
      return Array(all[(end - count)..<end])
    }
  }

  private func allgather(_ bytes: [UInt8], counts: [Int]) throws(MPIError) -> [UInt8] {
    var offsets = [0]
    for count in counts { offsets.append(offsets[offsets.count - 1] + count) }
    let total = offsets[worldSize]
    var result = [UInt8](repeating: 0, count: total)
    let mine = offsets[rank]..<offsets[rank + 1]
    result.replaceSubrange(mine, with: bytes)
    try withBytes(of: &result) { (memory) throws(MPIError) in
      // MPI's offsets are 32-bit too: what they cannot reach goes rank by rank.
      guard total > countLimit else { return try gatherAtOnce(memory, counts, offsets) }
      for root in 0..<worldSize {
        try broadcast(
          UnsafeMutableRawBufferPointer(rebasing: memory[offsets[root]..<offsets[root + 1]]),
          from: root)
      }
    }
    return result
  }

  private func gatherAtOnce(
    _ memory: UnsafeMutableRawBufferPointer, _ counts: [Int], _ offsets: [Int]
  ) throws(MPIError) {
    try check(
      "MPI_Allgatherv",
      MPI_Allgatherv(
        cmpi_in_place(), 0, cmpi_byte(), memory.baseAddress, counts.map { Int32($0) },
        offsets.map { Int32($0) }, cmpi_byte(), handle))
  }
}
