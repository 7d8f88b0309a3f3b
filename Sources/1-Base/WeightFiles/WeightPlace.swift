import Files

/// Where weights lie: a file, and what of it, as `run.pth#model_ema`.
package struct WeightPlace: Sendable, Equatable {
  /// The file.
  package let path: String
  /// The keys, joined by points, that lead to a dict of tensors, or the beginning of tensors' names,
  /// without the point after it; nil: the file has one answer.
  package let key: String?

  /// A whole file, whatever its name holds.
  package init(path: String) { (self.path, key) = (path, nil) }

  /// The place that `text` names. A file whose own name holds a # is found too.
  package init(_ text: String, files: FileStore = FileStore()) {
    self.init(path: text)
    guard let mark = text.lastIndex(of: "#"), files.isAbsent(text) else { return }
    let before = String(text[..<mark])
    guard (try? files.status(before))?.kind == .regular else { return }
    self.init(path: before, key: String(text[text.index(after: mark)...]))
  }

  private init(path: String, key: String) { (self.path, self.key) = (path, key) }
}

extension StoredTensor {
  /// The same numbers under another name.
  package func renamed(_ name: String) -> StoredTensor {
    StoredTensor(name: name, elementType: elementType, shape: shape, bytes: bytes)
  }
}

extension TensorArchive {
  /// The tensors whose names begin with the key of `place`, under the rest of their names.
  ///
  /// - Throws: `FileError` that says with what the names begin, if there are none.
  func below(_ place: WeightPlace) throws(FileError) -> TensorArchive {
    guard let key = place.key else { return self }
    let prefix = key + "."
    let chosen = tensors.filter { $0.name.hasPrefix(prefix) }
    guard !chosen.isEmpty else {
      let starts = Set(tensors.compactMap { $0.name.split(separator: ".").first.map(String.init) })
      throw .refused(
        place.path, found: "nothing under \(quoted(key))",
        expected: "one of " + starts.sorted().prefix(8).map(quoted).joined(separator: ", "),
        advice: "correct what follows #")
    }
    return TensorArchive(
      tensors: chosen.map { $0.renamed(String($0.name.dropFirst(prefix.count))) },
      metadata: metadata, notes: notes)
  }
}
