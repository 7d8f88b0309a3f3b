import Reduction

/// The sums that losses are made of, image by image.
///
/// Every image has a place of its own in the global batch, and sums go through the images in order:
/// the split over ranks changes no bit of a loss.
struct LossLedger {
  /// The sums of one image.
  enum Entry: Int, CaseIterable {
    /// Weight times cross entropy of the main head.
    case weightedMain
    /// The same of the auxiliary head.
    case weightedAuxiliary
    /// Class weight times cross entropy over the main head's mask.
    case maskedMain
    /// The same of the auxiliary head.
    case maskedAuxiliary
    /// KL(teacher || student).
    case distillation
    /// TFE weights.
    case weight
    /// Valid pixels.
    case valid
  }

  private var values: [Double]
  private let imageCount: Int

  init(imageCount: Int) {
    self.imageCount = imageCount
    values = Array(repeating: 0, count: imageCount * Entry.allCases.count)
  }

  /// Adds to an image's sum.
  mutating func add(_ value: Double, _ entry: Entry, image: Int) {
    values[image * Entry.allCases.count + entry.rawValue] += value
  }

  /// Fills in the other ranks' images. Collective.
  mutating func gather(_ reducer: any Reducer) { reducer.sum(&values) }

  /// The sum over all images.
  func total(_ entry: Entry) -> Double {
    var sum = 0.0
    for image in 0..<imageCount { sum += values[image * Entry.allCases.count + entry.rawValue] }
    return sum
  }
}
