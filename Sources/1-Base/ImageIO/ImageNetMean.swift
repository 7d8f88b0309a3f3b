/// The colour that the published networks take away from every pixel.
package enum ImageNetMean {
  /// The mean of B, G and R over ImageNet, of 0 to 255.
  package static let bgr = [104.00698793, 116.66876762, 122.67891434]
}
