import Networks
import WeightFiles

extension StateDict {
  /// A hash of all values, as text.
  package var hash: String {
    stored().map(\.contentHash).joined(separator: " ")
  }
}

extension SegmentationNetwork {
  /// A hash of all values, as text; of a graph also of its file, which says what is computed.
  package var hash: String { state.hash + (graph.map { " onnx " + $0.contentHash } ?? "") }
}
