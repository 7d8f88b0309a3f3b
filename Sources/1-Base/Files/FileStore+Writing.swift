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

  /// Writes all regions, one after the other.
  ///
  /// Small ones go together, a MiB in a call: on file systems of a cluster each call is a journey.
  func writeAll(_ regions: [ByteRegion], to descriptor: Int32) throws(SystemError) {
    let limit = 1 << 20
    var gathered: [UInt8] = []
    func writeGathered() throws(SystemError) {
      try gathered.withUnsafeBufferPointer { (bytes) throws(SystemError) in
        try writeAll(UnsafeRawBufferPointer(bytes), to: descriptor)
      }
      gathered.removeAll(keepingCapacity: true)
    }
    for region in regions {
      if gathered.count + region.count > limit { try writeGathered() }
      try region.withUnsafeBytes { (bytes) throws(SystemError) in
        if bytes.count < limit {
          gathered.append(contentsOf: bytes)
        } else {
          try writeAll(bytes, to: descriptor)
        }
      }
    }
    try writeGathered()
  }
}
