/// How a convolution's kernel moves over an image, the same in both directions.
public struct Window: Sendable, Equatable {
  /// The step between outputs, in elements.
  public let stride: Int
  /// Zeros on each side, in elements.
  public let padding: Int
  /// The distance between the kernel's taps, in elements.
  public let dilation: Int
  /// The number of independent groups of channels.
  public let groups: Int

  /// A window; by default one that takes every element once, without padding.
  public init(stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1) {
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
  }
}
