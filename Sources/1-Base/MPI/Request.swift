import CMPI

/// A collective that has begun; one thread tests it or waits for it before letting it go.
package final class Request {
  /// Whether the values are final.
  package private(set) var isComplete = false
  private let handles: UnsafeMutableBufferPointer<MPI_Request?>

  /// Room for a collective that goes in `count` pieces.
  init(count: Int) {
    handles = .allocate(capacity: count)
    handles.initialize(repeating: cmpi_request_null())
  }

  deinit {
    precondition(isComplete, "Request: let go before it was complete; expected wait() first")
    handles.deallocate()
  }

  /// Begins one piece. When that fails the pieces before it stay with MPI, so the whole request
  /// counts as over: its caller can only end the job.
  func start(
    _ call: String, _ index: Int, _ body: (UnsafeMutablePointer<MPI_Request?>?) -> Int32
  ) throws(MPIError) {
    let code = body(handles.baseAddress?.advanced(by: index))
    if code != MPI_SUCCESS { isComplete = true }
    try check(call, code)
  }

  /// Whether the collective is complete; moves it on.
  ///
  /// Source: MPI_Testall, MPI 3.1, section 3.7.5.
  package func test() throws(MPIError) -> Bool {
    guard !isComplete else { return true }
    var flag: Int32 = 0
    let code = MPI_Testall(Int32(handles.count), handles.baseAddress, &flag, nil)
    isComplete = flag != 0 || code != MPI_SUCCESS
    try check("MPI_Testall", code)
    return isComplete
  }

  /// Returns when the collective is complete.
  ///
  /// Source: MPI_Waitall, MPI 3.1, section 3.7.5.
  package func wait() throws(MPIError) {
    guard !isComplete else { return }
    isComplete = true
    try check("MPI_Waitall", MPI_Waitall(Int32(handles.count), handles.baseAddress, nil))
  }
}
