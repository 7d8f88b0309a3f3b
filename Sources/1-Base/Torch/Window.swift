/// How a convolution's kernel moves over an image, the same in both directions.
package struct Window: Sendable, Equatable {
  /// The step between outputs, in elements.
  package let stride: Int
  /// Zeros on each side, in elements.
  package let padding: Int
  /// The distance between the kernel's taps, in elements.
  package let dilation: Int
  /// The number of independent groups of channels.
  package let groups: Int

  /// A window; by default one that takes every element once, without padding.
  package init(stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1) {
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
  }
}
