import Glibc

/// Saves of whole files that are complete or absent after any crash or power cut.
///
/// The bytes go to a temporary file in the same folder, are brought to the disk, and only then
/// renamed.
package struct AtomicFile: Sendable {
  /// What writes.
  package let files: FileStore
  private let isDurable: Bool

  /// A writer that makes its calls through `files`.
  package init(files: FileStore = FileStore()) { self.init(files: files, isDurable: true) }

  /// A writer whose files are on the disk when it returns, or, if they need not be, only complete: for
  /// many small files that can be made again.
  package init(files: FileStore = FileStore(), isDurable: Bool) {
    self.files = files
    self.isDurable = isDurable
  }

  /// Saves `text` as the file `path`, replacing an older one at once.
  ///
  /// - Throws: as `write(_:to:verify:)`.
  package func write(_ text: String, to path: String) throws(FileError) {
    try write([ByteRegion(copying: Array(text.utf8))], to: path)
  }

  /// Saves `regions`, one after the other, as the file `path`, replacing an older one at once.
  ///
  /// When it returns, the file is on the disk. When it throws, `path` is as it was, or, if only the
  /// last step failed (bringing the folder to the disk), the complete new file. A link at `path` is
  /// replaced, not followed; one that leads to a device stays, as devices do.
  ///
  /// - Parameters:
  ///   - regions: the content.
  ///   - path: the file.
  ///   - verify: looks at the temporary file, whose path it is given, before it gets its name.
  package func write(
    _ regions: [ByteRegion], to path: String,
    verify: (String) throws(FileError) -> Void = { (_) throws(FileError) in }
  ) throws(FileError) {
    let (folder, name) = split(path)
    let temporary = folder + "/" + TemporaryName(label: name).text
    try checkTarget(path)
    try checkSpace(folder, byteCount: regions.reduce(0) { $0 + $1.count })
    do throws(FileError) {
      try write(regions, temporary: temporary)
      try verify(temporary)
      try call("rename", path) { () throws(SystemError) in try files.rename(temporary, path) }
    } catch {
      try? files.unlink(temporary)
      throw error
    }
    if isDurable { try syncFolder(folder) }
  }

  /// Removes the temporary files of processes that are dead.
  ///
  /// - Parameter folder: a folder that no other host writes into: processes are looked for on this one.
  /// - Returns: the names that were removed.
  package func removeLeftOvers(in folder: String) throws(FileError) -> [String] {
    let names = try call("opendir", folder) { () throws(SystemError) in try files.names(folder) }
    return names.filter { name in
      guard let temporary = TemporaryName(name), temporary.isLeftOver else { return false }
      return (try? files.unlink(folder + "/" + name)) != nil
    }
  }

  /// Brings the names in a folder to the disk.
  package func syncFolder(_ folder: String) throws(FileError) {
    let descriptor = try call("open", folder) { () throws(SystemError) in
      try files.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    }
    do throws(FileError) {
      try call("fsync", folder) { () throws(SystemError) in try files.fsync(descriptor) }
    } catch {
      try? files.close(descriptor)
      throw error
    }
    try call("close", folder) { () throws(SystemError) in try files.close(descriptor) }
  }

  /// Stops before a device, a pipe or a folder would be replaced by a file.
  private func checkTarget(_ path: String) throws(FileError) {
    let kind: FileStatus.Kind
    do throws(SystemError) {
      kind = try files.status(path).kind
    } catch {
      // Nothing there, or a link that leads nowhere; what else stands in the way, the writing finds.
      return
    }
    guard kind == .regular else {
      throw FileError(
        kind: .notWritable, path: path,
        detail: "found \(kind == .folder ? "a folder" : "a device or pipe"); expected a file or "
          + "nothing; choose another name")
    }
  }

  private func checkSpace(_ folder: String, byteCount: Int) throws(FileError) {
    let free = try call("statvfs", folder) { () throws(SystemError) in
      try files.freeBytes(folder)
    }
    let needed = byteCount + byteCount / 5
    // Where nobody knows, the writing finds out.
    guard let free, free < needed else { return }
    throw FileError(
      kind: .noSpace, path: folder,
      detail: "found \(free) free bytes; expected \(needed), 1.2 times the file; make room")
  }

  private func write(_ regions: [ByteRegion], temporary path: String) throws(FileError) {
    let descriptor = try create(path)
    do throws(FileError) {
      try call("write", path) { () throws(SystemError) in
        try files.writeAll(regions, to: descriptor)
      }
      // Never tried again: the system may have dropped the pages that failed.
      if isDurable {
        try call("fsync", path) { () throws(SystemError) in try files.fsync(descriptor) }
      }
    } catch {
      try? files.close(descriptor)
      throw error
    }
    try call("close", path) { () throws(SystemError) in try files.close(descriptor) }
  }

  /// Makes the temporary file; one of this name can only be left from a dead process.
  private func create(_ path: String) throws(FileError) -> Int32 {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
    do throws(SystemError) {
      return try files.open(path, flags, 0o666)
    } catch {
      guard error.code == EEXIST else { throw .system(path, "open", error) }
    }
    try call("unlink", path) { () throws(SystemError) in try files.unlink(path) }
    return try call("open", path) { () throws(SystemError) in
      try files.open(path, flags, 0o666)
    }
  }

  private func call<R>(
    _ name: String, _ path: String, _ body: () throws(SystemError) -> R
  ) throws(FileError) -> R {
    do throws(SystemError) { return try body() } catch { throw .system(path, name, error) }
  }
}

/// The folder and the last component of a path.
package func split(_ path: String) -> (folder: String, name: String) {
  guard let slash = path.lastIndex(of: "/") else { return (".", path) }
  let folder = String(path[..<slash])
  return (folder.isEmpty ? "/" : folder, String(path[path.index(after: slash)...]))
}
