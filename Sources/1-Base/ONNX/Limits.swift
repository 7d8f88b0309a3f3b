/// What a file may ask for at most; every limit is far above what networks for images need.
package struct Limits: Sendable {
  /// Bytes of the model's file: protobuf's own limit, 2 GiB.
  package var fileBytes = Int(Int32.max)
  /// Bytes of all files of external data together.
  package var externalBytes = 1 << 34
  /// Nodes, after functions have been inlined, and calls of functions.
  package var nodes = 100_000
  /// Names (each 16 bytes of one count again) and attributes of nodes, before and after functions have
  /// been inlined.
  package var words = 2_000_000
  /// Tensors of the graph.
  package var tensors = 100_000
  /// Functions of the model.
  package var functions = 10_000
  /// Functions that call each other.
  package var depth = 32
  /// Bytes of a name.
  package var nameBytes = 4096
  /// Bytes of a text that is no name.
  package var textBytes = 1 << 20
  /// Axes of a tensor.
  package var axes = 16
  /// Numbers or texts of one attribute.
  package var attributeValues = 1 << 16
  /// Elements of a value that is computed beforehand.
  package var constantElements = 1 << 20
  /// Elements that are read and written to compute values beforehand, all together.
  package var constantWork = 1 << 23
  /// Elements of any value of the network.
  package var valueElements = 1 << 36

  /// The limits for files that people train with.
  package init() {}
}
