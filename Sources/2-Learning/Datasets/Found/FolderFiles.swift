import Files

/// The files of a folder and of the folders in it.
package enum FolderFiles {
  /// Folders inside each other that are looked into.
  private static let depth = 16

  /// The files whose names have one of some endings.
  ///
  /// Links are followed, a folder that is there twice is read once, and names that begin with a dot are
  /// left out.
  ///
  /// - Parameters:
  ///   - folder: the folder, absolute.
  ///   - endings: what may follow the last dot, in small letters.
  ///   - left: a folder below it that is not looked into, absolute; nil for none.
  /// - Returns: paths relative to the folder, in ascending order of their bytes.
  /// - Throws: `DatasetError` if a folder cannot be read.
  package static func paths(
    below folder: String, endings: Set<String>, leavingOut left: String? = nil
  ) throws(DatasetError) -> [String] {
    var walk = Walk(root: folder, endings: endings, left: left)
    try walk.read("", depth: 0)
    return walk.found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private struct Walk {
    let root: String
    let endings: Set<String>
    let left: String?
    let files = FileStore()
    var found: [String] = []
    var seen: [FileStatus] = []

    mutating func read(_ folder: String, depth: Int) throws(DatasetError) {
      let path = folder.isEmpty ? root : root + "/" + folder
      guard path != left, depth <= FolderFiles.depth else { return }
      let names: [String]
      do throws(SystemError) {
        let status = try files.status(path)
        // A link may lead back to a folder above.
        if seen.contains(where: { $0.isSameFile(as: status) }) { return }
        seen.append(status)
        names = try files.names(path)
      } catch {
        throw DatasetError(.list, at: path, "a folder that cannot be read: \(error)")
      }
      for name in names where !name.hasPrefix(".") {
        let below = folder.isEmpty ? name : folder + "/" + name
        let isWanted = name.split(separator: ".").last.map { endings.contains($0.lowercased()) }
        // What is gone, or is a link to nothing, is told by those who read it.
        if (try? files.status(root + "/" + below))?.kind == .folder {
          try read(below, depth: depth + 1)
        } else if isWanted == true, name.contains(".") {
          found.append(below)
        }
      }
    }
  }
}
