import Glibc

extension FileStore {
  /// Writes all bytes, in as many calls as it takes.
  func writeAll(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32
  ) throws(SystemError) {
    var rest = bytes
    while !rest.isEmpty {
      do throws(SystemError) {
        let count = try write(descriptor, rest)
        guard count > 0 else { throw SystemError(code: EIO) }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      } catch {
        guard error.code == EINTR else { throw error }
      }
    }
  }
}
