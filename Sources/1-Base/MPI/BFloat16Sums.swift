import CMPI

/// Sums over all ranks of values rounded to bfloat16: a quarter of the bytes of float64 on the wire.
///
/// Every partial sum is rounded too, so the result depends on the number of ranks.
package struct BFloat16Sums {
  private let operation: MPI_Op?

  /// Registers the operation, which MPI keeps until it ends. After `World` began.
  package init() throws(MPIError) {
    var made: MPI_Op? = cmpi_sum()
    try check("MPI_Op_create", cmpi_make_bfloat16_sum(&made))
    operation = made
  }

  /// Begins a sum and returns at once. Collective.
  ///
  /// - Parameters:
  ///   - values: bits of bfloat16 values, equally many on all ranks; untouched until the request is
  ///     complete.
  ///   - communicator: the ranks.
  /// Source: MPI_Iallreduce with an operation of our own, MPI 3.1, sections 5.9.5 and 5.12.8.
  package func start(
    _ values: UnsafeMutableBufferPointer<UInt16>, over communicator: Communicator
  ) throws(MPIError) -> Request {
    let request = Request(count: 1)
    try request.start("MPI_Iallreduce", 0) { slot in
      MPI_Iallreduce(
        cmpi_in_place(), values.baseAddress, Int32(values.count), cmpi_uint16(), operation,
        communicator.handle, slot)
    }
    return request
  }
}
