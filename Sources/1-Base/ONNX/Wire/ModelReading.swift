import Files

/// What the parts of a model share while it is read: its file, the limits and what was spent of them.
final class ModelReading {
  let path: String
  let limits: Limits
  let external: ExternalFiles
  private var words = 0

  init(path: String, limits: Limits, files: FileStore) {
    self.path = path
    self.limits = limits
    external = ExternalFiles(model: path, limit: limits.externalBytes, files: files)
  }

  /// Counts names and attributes of nodes, so that a short file cannot become much memory.
  func spend(_ count: Int) throws(FileError) {
    words += count
    guard words <= limits.words else {
      throw .refused(
        path, "graph", found: "more names and attributes of nodes",
        expected: "at most \(limits.words)", advice: "give a smaller network")
    }
  }

  /// Counts names by their length, 16 bytes each.
  func spend(_ names: [String]) throws(FileError) {
    for name in names { try spend(1 + name.utf8.count / 16) }
  }

  /// Refuses one more than `limit` of something.
  func check(_ count: Int, _ limit: Int, _ what: String) throws(FileError) {
    guard count <= limit else {
      throw .refused(
        path, "graph", found: "more \(what)", expected: "at most \(limit)",
        advice: "give a smaller network")
    }
  }
}
