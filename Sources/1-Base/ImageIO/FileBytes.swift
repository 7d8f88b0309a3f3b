import Files
import Glibc

/// Whole files as bytes.
package enum FileBytes {
  /// The bytes of a regular file, or its first `prefix` or last `suffix` bytes.
  package static func contents(
    of path: String, limit: Int, prefix: Int = .max, suffix: Int = .max
  ) throws(ImageError) -> [UInt8] {
    // Not blocking: opening a FIFO must not wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw systemError(path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw systemError(path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw ImageError(.file, path: path, reason: "not a regular file")
    }
    let size = Int(status.st_size)
    guard size <= limit else {
      throw ImageError(.tooLarge, path: path, reason: "\(size) bytes; expected at most \(limit)")
    }
    let wanted = min(size, prefix, suffix)
    let start = suffix < size ? size - suffix : 0
    var failure: ImageError?
    let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
      while count < wanted, let base = buffer.baseAddress {
        let got = pread(descriptor, base + count, wanted - count, start + count)
        if got > 0 {
          count += got
        } else if got == 0 {
          break  // the file became shorter meanwhile: the decoder will say so
        } else if errno != EINTR {
          failure = systemError(path)
          break
        }
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Writes a file as a whole: readers see the old content or the new, never a part.
  ///
  /// - Parameters:
  ///   - path: the file; a link there is replaced, not followed.
  ///   - bytes: its content.
  ///   - isDurable: whether it is on the disk when this returns.
  package static func replace(
    _ path: String, with bytes: [UInt8], isDurable: Bool = false
  ) throws(ImageError) {
    do throws(FileError) {
      try AtomicFile(isDurable: isDurable).write([ByteRegion(copying: bytes)], to: path)
    } catch {
      throw ImageError(.file, path: path, reason: error.cause?.description ?? error.detail)
    }
  }

  private static func systemError(_ path: String) -> ImageError {
    let error = SystemError(code: errno)
    guard error.meansTooManyFiles else {
      return ImageError(.file, path: path, reason: String(cString: strerror(error.code)))
    }
    return ImageError(
      .tooManyFiles, path: path,
      reason: "found \(error); expected to open one more file; \(error.advice)")
  }
}
