import CMPI

extension Communicator {
  /// Replaces each value with the sum, minimum or maximum over all ranks. Collective.
  ///
  /// All ranks bring equally many values and hold the same bits afterwards.
  /// Source: MPI_Allreduce, MPI 3.1, section 5.9.6.
  package func allreduce<Value: ReducibleValue>(
    _ values: UnsafeMutableBufferPointer<Value>, _ operation: ReduceOperation
  ) throws(MPIError) {
    try allreduce(
      UnsafeMutableRawBufferPointer(values), of: Value.elementType, operation)
  }

  /// As the typed `allreduce`, for memory whose type is known at run time only. Collective.
  package func allreduce(
    _ bytes: UnsafeMutableRawBufferPointer, of type: ElementType, _ operation: ReduceOperation
  ) throws(MPIError) {
    for piece in pieces(of: elementCount(bytes, type)) {
      try check(
        "MPI_Allreduce",
        MPI_Allreduce(
          cmpi_in_place(), address(bytes, piece, type), Int32(piece.count), type.datatype,
          operation.handle, handle))
    }
  }

  /// The sum, minimum or maximum of one value over all ranks. Collective.
  package func allreduce<Value: ReducibleValue>(
    _ value: Value, _ operation: ReduceOperation
  ) throws(MPIError) -> Value {
    var result = value
    let code = withUnsafeMutablePointer(to: &result) {
      MPI_Allreduce(
        cmpi_in_place(), $0, 1, Value.elementType.datatype, operation.handle, handle)
    }
    try check("MPI_Allreduce", code)
    return result
  }

  /// Begins an `allreduce` and returns at once. Collective.
  ///
  /// The values are neither read nor written until the request is complete. Progress happens only
  /// inside MPI calls: test often, or wait.
  /// Source: MPI_Iallreduce, MPI 3.1, section 5.12.8.
  package func startAllreduce<Value: ReducibleValue>(
    _ values: UnsafeMutableBufferPointer<Value>, _ operation: ReduceOperation
  ) throws(MPIError) -> Request {
    try startAllreduce(UnsafeMutableRawBufferPointer(values), of: Value.elementType, operation)
  }

  /// As the typed `startAllreduce`, for memory whose type is known at run time only. Collective.
  package func startAllreduce(
    _ bytes: UnsafeMutableRawBufferPointer, of type: ElementType, _ operation: ReduceOperation
  ) throws(MPIError) -> Request {
    let pieces = pieces(of: elementCount(bytes, type))
    let request = Request(count: pieces.count)
    for (index, piece) in pieces.enumerated() {
      try request.start("MPI_Iallreduce", index) { slot in
        MPI_Iallreduce(
          cmpi_in_place(), address(bytes, piece, type), Int32(piece.count), type.datatype,
          operation.handle, handle, slot)
      }
    }
    return request
  }

  /// Copies the root's bytes to every rank. Collective.
  ///
  /// All ranks bring equally many bytes, however many.
  /// Source: MPI_Bcast, MPI 3.1, section 5.4.
  package func broadcast(
    _ bytes: UnsafeMutableRawBufferPointer, from root: Int
  ) throws(MPIError) {
    precondition(
      (0..<worldSize).contains(root),
      "Communicator.broadcast: root \(root); expected 0..<\(worldSize)")
    for piece in pieces(of: bytes.count) {
      try check(
        "MPI_Bcast",
        MPI_Bcast(
          address(bytes, piece, .uint8), Int32(piece.count), cmpi_byte(), Int32(root), handle))
    }
  }

  /// The root's bytes, on every rank; the others need not know how many there are. Collective.
  ///
  /// - Parameters:
  ///   - bytes: read on the root only.
  ///   - root: the rank that has them.
  package func broadcast(_ bytes: [UInt8], from root: Int) throws(MPIError) -> [UInt8] {
    let count = try allreduce(rank == root ? Int64(bytes.count) : 0, .maximum)
    var result = rank == root ? bytes : [UInt8](repeating: 0, count: Int(count))
    try withBytes(of: &result) { (memory) throws(MPIError) in
      try broadcast(memory, from: root)
    }
    return result
  }

  /// Returns when every rank has called it. Collective.
  ///
  /// Source: MPI_Barrier, MPI 3.1, section 5.3.
  package func barrier() throws(MPIError) { try check("MPI_Barrier", MPI_Barrier(handle)) }

  private func elementCount(_ bytes: UnsafeMutableRawBufferPointer, _ type: ElementType) -> Int {
    precondition(
      bytes.count.isMultiple(of: type.byteCount),
      "Communicator.allreduce: \(bytes.count) bytes; expected whole values of \(type)")
    return bytes.count / type.byteCount
  }

  private func address(
    _ bytes: UnsafeMutableRawBufferPointer, _ piece: Range<Int>, _ type: ElementType
  ) -> UnsafeMutableRawPointer? {
    bytes.baseAddress?.advanced(by: piece.lowerBound * type.byteCount)
  }
}

/// An array's bytes, to be written in place.
func withBytes(
  of array: inout [UInt8],
  _ body: (UnsafeMutableRawBufferPointer) throws(MPIError) -> Void
) throws(MPIError) {
  try array.withUnsafeMutableBufferPointer { (buffer) throws(MPIError) in
    try body(UnsafeMutableRawBufferPointer(buffer))
  }
}
