import CMPI

/// What an MPI call reported.
package struct MPIError: Error, Equatable, CustomStringConvertible {
  /// The call's name in the standard, such as `MPI_Allreduce`.
  package let call: String
  /// The code that it returned.
  package let code: Int32
  /// MPI's own text for the code.
  package let message: String

  /// An error of a call.
  package init(call: String, code: Int32, message: String) {
    self.call = call
    self.code = code
    self.message = message
  }

  /// One line.
  package var description: String {
    "\(call): failed with code \(code): \(message); expected success on every rank; "
      + "look for the first rank that failed and for a lost host"
  }
}

/// Turns a return code into an error.
func check(_ call: String, _ code: Int32) throws(MPIError) {
  guard code != MPI_SUCCESS else { return }
  throw MPIError(call: call, code: code, message: errorString(code))
}

private func errorString(_ code: Int32) -> String {
  var characters = [CChar](repeating: 0, count: Int(MPI_MAX_ERROR_STRING) + 1)
  var length: Int32 = 0
  guard MPI_Error_string(code, &characters, &length) == MPI_SUCCESS else { return "unknown error" }
  return String(
    decoding: characters.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
