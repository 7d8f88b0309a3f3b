import Torch

/// How large a network is, found without its values and so almost without memory.
public struct NetworkOutline: Sendable, Equatable {
  /// The trained values.
  public let parameterCount: Int
  /// All values, running statistics among them.
  public let valueCount: Int
  /// What convolutions give for one image, in values.
  public let convolutionCount: Int
  /// What all else gives that is no part of a convolution's block: pools, sizes changed, concatenations.
  public let otherCount: Int

  /// The outline of a network for images of a size.
  ///
  /// - Parameters:
  ///   - architecture: which network of the zoo.
  ///   - classCount: the number of classes.
  ///   - headWidth: the channels before the classifier; nil for the published width.
  ///   - height: of an image.
  ///   - width: of an image.
  public init(
    _ architecture: Architecture, classCount: Int, headWidth: Int? = nil, height: Int, width: Int
  ) {
    let network = SegmentationNetwork(
      architecture, classCount: classCount, headWidth: headWidth, start: .outline)
    parameterCount = network.state.parameterCount
    valueCount = network.state.entries.reduce(0) { $0 + $1.tensor.count }
    let program = FrozenProgram(.float32, isOutline: true)
    network.compile(into: program, withFeature: false, withStages: false)
    let elements = program.elements(height: height, width: width)
    (convolutionCount, otherCount) = (elements.convolutions, elements.others)
  }

  /// The bytes that a training pass keeps of one image until backward: what each convolution and the norm
  /// that follows it give, and all else once.
  ///
  /// - Parameter byteCount: of a value.
  public func keptBytes(byteCount: Int) -> Int { (2 * convolutionCount + otherCount) * byteCount }
}
