import Glibc

extension FileStore {
  /// Makes the folder `path` and those above it, as far as they are missing.
  ///
  /// - Throws: `notWritable` where none can be made; `noSpace` on a full disk.
  package func makeFolder(_ path: String) throws(FileError) {
    do throws(SystemError) {
      try mkdir(path)
    } catch {
      if isFolder(path) { return }
      let above = split(path).folder
      guard error.code == ENOENT, above != path else {
        guard error.code == EEXIST else { throw .creation(path, "mkdir", error) }
        throw FileError(
          kind: .notWritable, path: path,
          detail: "found something in the way that is no folder; expected a folder; choose another",
          cause: error)
      }
      try makeFolder(above)
      do throws(SystemError) {
        try mkdir(path)
      } catch {
        // Another process may have been faster.
        guard isFolder(path) else { throw .creation(path, "mkdir", error) }
      }
    }
  }

  /// Whether there is nothing at `path`. What cannot be looked at is not absent.
  package func isAbsent(_ path: String) -> Bool {
    do throws(SystemError) {
      _ = try status(path)
      return false
    } catch {
      return error.code == ENOENT || error.code == ENOTDIR
    }
  }

  /// Where a symbolic link leads, as it is written in it; nil for anything else.
  package func linkTarget(_ path: String) -> String? {
    var text = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &text, text.count)
    guard count >= 0 else { return nil }
    return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private func isFolder(_ path: String) -> Bool { (try? status(path))?.kind == .folder }
}
