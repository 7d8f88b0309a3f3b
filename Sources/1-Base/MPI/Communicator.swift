import CMPI

/// A group of ranks that call collectives together.
///
/// Every collective is called by all ranks of the communicator, in the same order, from one thread
/// at a time; two threads that communicate at once each take a duplicate. Errors come back as
/// `MPIError` (MPI_ERRORS_RETURN), but a lost rank ends the job without any error.
///
/// Safe to share: the handle never changes, and MPI itself locks.
package final class Communicator: @unchecked Sendable {
  /// This process's index, in `0..<worldSize`.
  package let rank: Int
  /// The number of ranks.
  package let worldSize: Int
  /// The most elements in one MPI call: MPI counts are 32-bit, longer buffers go in several calls.
  let countLimit: Int
  let handle: MPI_Comm

  /// Largest power of two that a 32-bit count holds; equal pieces keep their alignment.
  static let largestCount = 1 << 30

  /// Takes over a communicator that MPI made; its errors are returned from now on.
  init(owning handle: MPI_Comm?, countLimit: Int) throws(MPIError) {
    guard let handle else {
      throw MPIError(call: "MPI_Comm", code: MPI_ERR_COMM, message: "no communicator was made")
    }
    try check("MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(handle, cmpi_errors_return()))
    var rank: Int32 = 0
    var size: Int32 = 0
    try check("MPI_Comm_rank", MPI_Comm_rank(handle, &rank))
    try check("MPI_Comm_size", MPI_Comm_size(handle, &size))
    self.handle = handle
    self.rank = Int(rank)
    self.worldSize = Int(size)
    self.countLimit = countLimit
  }

  /// A communicator of the same ranks whose messages cannot meet this one's. Collective.
  ///
  /// Source: MPI_Comm_dup, MPI 3.1, section 6.4.2.
  package func duplicate() throws(MPIError) -> Communicator {
    try duplicate(countLimit: countLimit)
  }

  /// As `duplicate()`, with a lower limit of elements in one MPI call, so that tests need no
  /// buffers of gigabytes to see a long buffer go in pieces. Collective.
  package func duplicate(countLimit: Int) throws(MPIError) -> Communicator {
    precondition(
      (1...Communicator.largestCount).contains(countLimit),
      "Communicator.duplicate: countLimit \(countLimit); expected 1...\(Communicator.largestCount)")
    var copy: MPI_Comm?
    try check("MPI_Comm_dup", MPI_Comm_dup(handle, &copy))
    return try Communicator(owning: copy, countLimit: countLimit)
  }

  /// The ranks that share this rank's memory, in the order of their ranks here. Collective.
  ///
  /// Its `rank` and `worldSize` are the local rank and the local world size.
  /// Source: MPI_Comm_split_type, MPI 3.1, section 6.4.2.
  package func splitByHost() throws(MPIError) -> Communicator {
    var part: MPI_Comm?
    try check(
      "MPI_Comm_split_type",
      MPI_Comm_split_type(
        handle, Int32(MPI_COMM_TYPE_SHARED), Int32(rank), cmpi_info_null(), &part))
    return try Communicator(owning: part, countLimit: countLimit)
  }

  /// Gives the communicator back; it must not be used afterwards. Collective.
  ///
  /// Not done in `deinit`: ranks would not reach it in the same order.
  package func free() throws(MPIError) {
    var handle: MPI_Comm? = self.handle
    try check("MPI_Comm_free", MPI_Comm_free(&handle))
  }

  /// Ends every rank of the job; `mpirun` exits with `code`.
  ///
  /// - Parameter code: 1...255. (0 and 256 would look like success.)
  package func abort(code: Int32) -> Never { World.abort(code: code) }

  /// Cuts `0..<count` into ranges of at most `countLimit`.
  func pieces(of count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: countLimit).map { $0..<min($0 + countLimit, count) }
  }
}
