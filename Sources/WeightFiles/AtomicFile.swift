import Glibc

/// Saves of weight files that are complete or absent after any crash or power cut.
///
/// The archive goes to a temporary file in the same folder, is brought to the disk, read back and
/// compared by hash, and only then renamed.
public struct AtomicFile: Sendable {
  private let files: FileStore

  /// A writer that makes its calls through `files`.
  public init(files: FileStore = FileStore()) { self.files = files }

  /// Saves `archive` as the safetensors file `path`, replacing an older one at once.
  ///
  /// When it returns, the file is on the disk. When it throws, `path` is as it was, or, if only the
  /// last step failed (bringing the folder to the disk), the complete new file.
  public func writeAtomically(
    _ archive: TensorArchive, to path: String
  ) throws(WeightFileError) {
    let image = SafetensorsImage(archive)
    try write([image.head] + image.regions, image.byteCount, to: path) {
      (temporary) throws(WeightFileError) in
      try SafetensorsReader.verify(temporary, dataHash: image.dataHash, files: files)
    }
  }

  /// Saves `archive` as `torch.save` would save a `state_dict`, replacing an older file at once.
  ///
  /// - Throws: as `writeAtomically`, and if PyTorch has no such types.
  public func writeTorch(_ archive: TensorArchive, to path: String) throws(WeightFileError) {
    let image = try TorchImage(archive, path: path)
    try write(image.regions, image.byteCount, to: path) {
      (temporary) throws(WeightFileError) in
      let found = try TorchFile.read(temporary, files: files)
      let isEqual =
        found.tensors.count == archive.tensors.count
        && zip(found.tensors, archive.tensors).allSatisfy {
          $0.name == $1.name && $0.shape == $1.shape && $0.contentHash == $1.contentHash
        }
      guard isEqual else {
        throw .refused(temporary, found: "other tensors on reading back", expected: "those written")
      }
    }
  }

  private func write(
    _ regions: [ByteRegion], _ byteCount: Int, to path: String,
    verify: (String) throws(WeightFileError) -> Void
  ) throws(WeightFileError) {
    let (folder, name) = split(path)
    let temporary = folder + "/" + TemporaryName(label: name).text
    try checkSpace(folder, byteCount: byteCount)
    do throws(WeightFileError) {
      try write(regions, to: temporary)
      try verify(temporary)
      try call("rename", path) { () throws(SystemError) in try files.rename(temporary, path) }
    } catch {
      try? files.unlink(temporary)
      throw error
    }
    try syncFolder(folder)
  }

  /// Brings the names in a folder to the disk.
  func syncFolder(_ folder: String) throws(WeightFileError) {
    let descriptor = try call("open", folder) { () throws(SystemError) in
      try files.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    }
    do throws(WeightFileError) {
      try call("fsync", folder) { () throws(SystemError) in try files.fsync(descriptor) }
    } catch {
      try? files.close(descriptor)
      throw error
    }
    try call("close", folder) { () throws(SystemError) in try files.close(descriptor) }
  }

  private func checkSpace(_ folder: String, byteCount: Int) throws(WeightFileError) {
    let free = try call("statvfs", folder) { () throws(SystemError) in
      try files.freeBytes(folder)
    }
    let needed = byteCount + byteCount / 5
    guard free >= needed else {
      throw WeightFileError(
        kind: .noSpace, path: folder,
        detail: "found \(free) free bytes; expected \(needed), 1.2 times the file; make room")
    }
  }

  private func write(_ regions: [ByteRegion], to path: String) throws(WeightFileError) {
    let descriptor = try create(path)
    do throws(WeightFileError) {
      for region in regions {
        try region.withUnsafeBytes { (bytes) throws(WeightFileError) -> Void in
          try writeAll(bytes, descriptor, path)
        }
      }
      // Never tried again: the system may have dropped the pages that failed.
      try call("fsync", path) { () throws(SystemError) in try files.fsync(descriptor) }
    } catch {
      try? files.close(descriptor)
      throw error
    }
    try call("close", path) { () throws(SystemError) in try files.close(descriptor) }
  }

  /// Makes the temporary file; one of this name can only be left from a dead process.
  private func create(_ path: String) throws(WeightFileError) -> Int32 {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
    do throws(SystemError) {
      return try files.open(path, flags, 0o600)
    } catch {
      guard error.code == EEXIST else { throw .system(path, "open", error) }
    }
    try call("unlink", path) { () throws(SystemError) in try files.unlink(path) }
    return try call("open", path) { () throws(SystemError) in
      try files.open(path, flags, 0o600)
    }
  }

  private func writeAll(
    _ bytes: UnsafeRawBufferPointer, _ descriptor: Int32, _ path: String
  ) throws(WeightFileError) {
    var rest = bytes
    while !rest.isEmpty {
      do throws(SystemError) {
        let count = try files.write(descriptor, rest)
        guard count > 0 else { throw SystemError(code: EIO) }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      } catch {
        if error.code != EINTR { throw .system(path, "write", error) }
      }
    }
  }

  private func call<R>(
    _ name: String, _ path: String, _ body: () throws(SystemError) -> R
  ) throws(WeightFileError) -> R {
    do throws(SystemError) { return try body() } catch { throw .system(path, name, error) }
  }
}

/// The folder and the last component of a path.
func split(_ path: String) -> (folder: String, name: String) {
  guard let slash = path.lastIndex(of: "/") else { return (".", path) }
  let folder = String(path[..<slash])
  return (folder.isEmpty ? "/" : folder, String(path[path.index(after: slash)...]))
}

/// The name of a temporary file: `.tmp.<label>.<process>`.
struct TemporaryName {
  let label: String
  let process: Int32

  init(label: String) {
    self.label = label
    process = getpid()
  }

  /// The parts of a name of this form; nil for any other name.
  init?(_ text: String) {
    guard text.hasPrefix(".tmp."), let dot = text.lastIndex(of: "."),
      let process = Int32(text[text.index(after: dot)...]), process > 0
    else { return nil }
    label = String(text[..<dot].dropFirst(5))
    self.process = process
  }

  var text: String { ".tmp.\(label).\(process)" }

  /// Whether the process that made the file is gone; an own name is from an earlier process.
  var isLeftOver: Bool {
    process == getpid() || (kill(process, 0) == -1 && errno == ESRCH)
  }
}
