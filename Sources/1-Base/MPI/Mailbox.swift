import CMPI

/// Short letters of fixed length between ranks, outside all collectives.
///
/// One thread at a time uses it. A letter is on its way, or dropped by the sender while the one
/// before it to the same rank still is: nobody ever waits for anybody.
package final class Mailbox {
  /// Bytes of a letter.
  package let byteCount: Int
  private let communicator: Communicator
  private let letters: UnsafeMutableRawBufferPointer
  private var requests: [MPI_Request?]
  private static let tag: Int32 = 1

  /// Letters of `byteCount` bytes between the ranks of a communicator; duplicated. Collective.
  package init(_ communicator: Communicator, byteCount: Int) throws(MPIError) {
    self.communicator = try communicator.duplicate()
    self.byteCount = byteCount
    letters = .allocate(byteCount: byteCount * communicator.worldSize, alignment: 8)
    requests = Array(repeating: cmpi_request_null(), count: communicator.worldSize)
  }

  deinit { letters.deallocate() }

  /// Sends a letter unless the last one to that rank has not left yet; says whether it did.
  ///
  /// Source: MPI_Isend, MPI 3.1, section 3.7.2.
  package func send(_ letter: [UInt8], to rank: Int) throws(MPIError) -> Bool {
    precondition(
      letter.count == byteCount, "Mailbox.send: \(letter.count) bytes; expected \(byteCount)")
    guard try hasLeft(to: rank) else { return false }
    let place = UnsafeMutableRawBufferPointer(
      rebasing: letters[rank * byteCount..<(rank + 1) * byteCount])
    place.copyBytes(from: letter)
    let code = MPI_Isend(
      place.baseAddress, Int32(byteCount), cmpi_byte(), Int32(rank), Self.tag,
      communicator.handle, &requests[rank])
    try check("MPI_Isend", code)
    return true
  }

  /// Whether no letter to that rank is on its way.
  package func hasLeft(to rank: Int) throws(MPIError) -> Bool {
    var flag: Int32 = 0
    try check("MPI_Test", MPI_Test(&requests[rank], &flag, nil))
    return flag != 0
  }

  /// The next letter that has come, and from whom; nil if there is none.
  ///
  /// Source: MPI_Iprobe, MPI 3.1, section 3.8.1.
  package func receive() throws(MPIError) -> (source: Int, letter: [UInt8])? {
    var status = MPI_Status()
    var flag: Int32 = 0
    try check(
      "MPI_Iprobe",
      MPI_Iprobe(cmpi_any_source(), Self.tag, communicator.handle, &flag, &status))
    guard flag != 0 else { return nil }
    var letter = [UInt8](repeating: 0, count: byteCount)
    let source = status.MPI_SOURCE
    let code = letter.withUnsafeMutableBytes {
      MPI_Recv(
        $0.baseAddress, Int32(byteCount), cmpi_byte(), source, Self.tag, communicator.handle, nil)
    }
    try check("MPI_Recv", code)
    return (Int(source), letter)
  }

  /// Gives the communicator back, once every letter was received. Collective.
  package func close() throws(MPIError) { try communicator.free() }
}
