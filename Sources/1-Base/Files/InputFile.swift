import Glibc

/// A regular file open for reading, front to back.
package struct InputFile: ~Copyable {
  /// The file.
  package let path: String
  /// Bytes of the whole file when it was opened.
  package let byteCount: Int
  private let files: FileStore
  private let descriptor: Int32

  private init(path: String, byteCount: Int, files: FileStore, descriptor: Int32) {
    self.path = path
    self.byteCount = byteCount
    self.files = files
    self.descriptor = descriptor
  }

  /// Opens `path`; anything but a regular file is refused.
  package static func open(_ path: String, files: FileStore) throws(FileError) -> InputFile {
    let descriptor: Int32
    let byteCount: Int?
    do throws(SystemError) {
      // O_NONBLOCK: opening a pipe that nobody writes must not wait.
      descriptor = try files.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0)
    } catch {
      guard error.code != ENOENT else {
        throw FileError(
          kind: .missing, path: path,
          detail: "found no file; expected weights; train them first or give another path")
      }
      throw .system(path, "open", error)
    }
    do throws(SystemError) {
      byteCount = try files.byteCount(descriptor)
    } catch {
      try? files.close(descriptor)
      throw .system(path, "fstat", error)
    }
    guard let byteCount else {
      try? files.close(descriptor)
      throw .refused(
        path, found: "a folder, device or pipe", expected: "a regular file",
        advice: "give the path of a file")
    }
    return InputFile(path: path, byteCount: byteCount, files: files, descriptor: descriptor)
  }

  deinit { try? files.close(descriptor) }

  /// Reads on until `buffer` is full.
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileError) {
    var done = 0
    while done < buffer.count {
      let count = try readSome(UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
      guard count > 0 else {
        throw .refused(
          path, found: "the end of the file \(buffer.count - done) bytes early",
          expected: "\(byteCount) bytes as at opening", advice: "do not change it during reading")
      }
      done += count
    }
  }

  /// The next `count` bytes as an array; `count` must not exceed the file's size.
  package func bytes(_ count: Int) throws(FileError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var failure: FileError?
    bytes.withUnsafeMutableBytes { buffer in
      do throws(FileError) { try read(into: buffer) } catch { failure = error }
    }
    if let failure { throw failure }
    return bytes
  }

  /// The next `count` bytes as a region; `count` must not exceed the file's size.
  package func region(_ count: Int) throws(FileError) -> ByteRegion {
    let region = try ByteRegion(byteCount: count) { buffer throws(FileError) in
      try read(into: buffer)
    }
    guard let region else {
      throw .system(path, "allocate \(count) bytes", SystemError(code: ENOMEM))
    }
    return region
  }

  private func readSome(_ buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
    while true {
      do throws(SystemError) {
        return try files.read(descriptor, buffer)
      } catch {
        if error.code != EINTR { throw .system(path, "read", error) }
      }
    }
  }
}
