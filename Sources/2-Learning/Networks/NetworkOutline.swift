import Files
import ONNX
import Torch

/// How large a network is, found without its values and so almost without memory.
package struct NetworkOutline: Sendable, Equatable {
  /// The number of trained values.
  package let parameterCount: Int
  /// The number of all values, running statistics among them.
  package let valueCount: Int
  /// The number of values that convolutions compute for one image.
  package let convolutionCount: Int
  /// The multiplications of a weight with an element for one image, each with its addition; convolutions
  /// alone have them.
  package let multiplyAdds: Int
  /// The number of values that all other operators compute for one image: pools, resizing,
  /// concatenation.
  package let otherCount: Int

  init(
    parameterCount: Int, valueCount: Int, convolutionCount: Int, multiplyAdds: Int, otherCount: Int
  ) {
    self.parameterCount = parameterCount
    self.valueCount = valueCount
    self.convolutionCount = convolutionCount
    self.multiplyAdds = multiplyAdds
    self.otherCount = otherCount
  }

  /// The outline of a network of an ONNX file for images of a size.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - outputs: the names of logits and auxiliary logits; nil: guessed.
  ///   - size: of an image.
  /// - Throws: `FileError` for a file that holds no such network.
  package init(graphAt path: String, outputs: [String]? = nil, size: Pair) throws(FileError) {
    let graph = try ONNXFile.read(path)
    let names: [String]
    if let outputs { names = outputs } else { names = try graph.guessedOutputs() }
    self = try graph.plan(of: size, names).outline
  }

  /// The outline of a network of the zoo for images of a size.
  ///
  /// - Parameters:
  ///   - architecture: which network of the zoo.
  ///   - classCount: the number of classes.
  ///   - headWidth: the channels before the classifier; nil for the published width.
  ///   - height: of an image.
  ///   - width: of an image.
  package init(
    _ architecture: Architecture, classCount: Int, headWidth: Int? = nil, height: Int, width: Int
  ) {
    self.init(
      SegmentationNetwork(
        architecture, classCount: classCount, headWidth: headWidth, start: .outline),
      height: height, width: width)
  }

  /// The outline of a network that is there.
  ///
  /// - Parameters:
  ///   - network: of any values.
  ///   - height: of an image.
  ///   - width: of an image.
  package init(_ network: SegmentationNetwork, height: Int, width: Int) {
    if let graph = network.graph {
      self = graph.outline(of: Pair(height, width))
      return
    }
    parameterCount = network.state.parameterCount
    valueCount = network.state.entries.reduce(0) { $0 + $1.tensor.count }
    let counts = CountOperators()
    _ = network(CountOperators.Value(channels: 3, height: height, width: width), counts)
    convolutionCount = counts.convolutionElements
    otherCount = counts.otherElements
    multiplyAdds = counts.multiplyAdds
  }

  /// The bytes that a training pass keeps of one image until backward: the outputs of each convolution
  /// and of the BatchNorm behind it, and all else once.
  ///
  /// - Parameter byteCount: of a value.
  package func keptBytes(byteCount: Int) -> Int { (2 * convolutionCount + otherCount) * byteCount }
}
