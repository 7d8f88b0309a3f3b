import Files
import Networks
import WeightFiles

extension TensorArchive {
  /// The network that the file says it is of, as runs write it; nil if it says none that is known.
  private var namedNetwork: Architecture? {
    metadata["network"].flatMap { Architecture(rawValue: $0) }
  }

  /// Loads the tensors, and compares what the file says of itself: where they do not fit it is
  /// believed, where they do it is contradicted.
  ///
  /// - Parameters:
  ///   - wanted: the network that is loaded.
  ///   - path: the file.
  ///   - key: what chose the network, for the message.
  ///   - load: loads them; returns what was chosen or left out, a line each.
  /// - Returns: those lines, and one more if the file says that it is of another network.
  /// - Throws: `TrainingError` in place of `WeightMismatch` if the file says that it is of another
  ///   network; what `load` throws.
  package func loading(
    as wanted: Architecture, _ path: String, _ key: String, _ load: () throws -> [String]
  ) throws -> [String] {
    do {
      let notes = try load()
      guard let namedNetwork, namedNetwork != wanted else { return notes }
      let note =
        "\(oneLine(path)): says that it is of \(namedNetwork.rawValue), but holds the tensors of "
        + "\(wanted.rawValue), which are taken"
      return notes + [note]
    } catch is WeightMismatch where namedNetwork.map({ $0 != wanted }) ?? false {
      let name = namedNetwork?.rawValue ?? ""
      throw TrainingError(
        .badData,
        "weights: \(path): found those of \(name), as the file says; expected those of "
          + "\(wanted.rawValue) (\(key)); set it to \(name), or take another file")
    }
  }
}
