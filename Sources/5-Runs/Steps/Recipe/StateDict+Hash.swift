import Networks
import WeightFiles

extension StateDict {
  /// A hash of all values, as text.
  package var hash: String {
    stored().map(\.contentHash).joined(separator: " ")
  }
}
