import Files
import Glibc

/// Whole files as bytes.
package enum FileBytes {
  /// Looks at the bytes of a file, whose mark was taken after they were read; throws if they are not those
  /// that are expected.
  package typealias Watch = (FileMark, [UInt8]) throws(ImageError) -> Void

  /// The bytes of a regular file, or its first `prefix` or last `suffix` bytes.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - limit: the most bytes that it may have.
  ///   - prefix: the most bytes that are read, from the first.
  ///   - suffix: the most bytes that are read, up to the last.
  ///   - watch: is shown what was read.
  /// - Throws: `ImageError` that says whether the file is missing, is of another kind, or could not be read.
  package static func contents(
    of path: String, limit: Int, prefix: Int = .max, suffix: Int = .max, watch: Watch? = nil
  ) throws(ImageError) -> [UInt8] {
    // Not blocking: opening a FIFO must not wait for a writer.
    let descriptor = try call(path) { () throws(SystemError) in
      try checked(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK))
    }
    defer { close(descriptor) }
    var status = try self.status(descriptor, path)
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
          failure = fault(path, SystemError(code: errno))
          break
        }
      }
    }
    if let failure { throw failure }
    if let watch {
      status = try self.status(descriptor, path)
      try watch(FileMark(status, of: descriptor), bytes)
    }
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

  private static func status(_ descriptor: Int32, _ path: String) throws(ImageError) -> stat {
    var status = stat()
    _ = try call(path) { () throws(SystemError) in try checked(fstat(descriptor, &status)) }
    return status
  }

  private static func call<R>(
    _ path: String, _ body: () throws(SystemError) -> R
  ) throws(ImageError) -> R {
    do throws(SystemError) { return try body() } catch { throw fault(path, error) }
  }

  /// What a failed call says of a file.
  package static func fault(_ path: String, _ error: SystemError) -> ImageError {
    guard !error.meansTooManyFiles else {
      return ImageError(
        .tooManyFiles, path: path,
        reason: "found \(error); expected to open one more file; \(error.advice)")
    }
    let words = String(cString: strerror(error.code))
    if error.meansMissing { return ImageError(.missing, path: path, reason: words) }
    if error.isDenied { return ImageError(.file, path: path, reason: words) }
    return ImageError(
      .inputOutput, path: path,
      reason: "found \(error); expected to read it; check the disk or the mount, and give the same "
        + "command again")
  }
}
