import Files

extension AtomicFile {
  /// Saves `archive` as the safetensors file `path`, replacing an older one at once.
  ///
  /// Before it gets its name it is read back and compared by hash. When it returns, the file is on
  /// the disk. When it throws, `path` is as it was, or, if only the last step failed (bringing the
  /// folder to the disk), the complete new file.
  package func writeAtomically(
    _ archive: TensorArchive, to path: String
  ) throws(FileError) {
    let image = SafetensorsImage(archive)
    try write([image.head] + image.regions, to: path) {
      (temporary) throws(FileError) in
      try SafetensorsReader.verify(temporary, dataHash: image.dataHash, files: files)
    }
  }

  /// Saves `archive` as `torch.save` would save a `state_dict`, replacing an older file at once.
  ///
  /// - Throws: as `writeAtomically`, and if PyTorch has no such types.
  package func writeTorch(_ archive: TensorArchive, to path: String) throws(FileError) {
    let image = try TorchImage(archive, path: path)
    try write(image.regions, to: path) {
      (temporary) throws(FileError) in
      let found = try TorchFile.read(WeightPlace(path: temporary), files: files)
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
}
