extension Recipe {
  /// How the student is measured.
  package struct Evaluation: Sendable, Equatable {
    /// Images that a rank evaluates at a time.
    package var batchSize = 1
    /// Image scales whose logits are averaged.
    package var scales = [1.0]
    /// Whether mirrored images are averaged in.
    package var flip = false
    /// Which classes the mean is over.
    package var meanIoU = MeanIoU.allClasses
    /// Validation images whose maps are drawn during training.
    package var pictures = 2
  }

  /// Which classes the mean IoU is over.
  package enum MeanIoU: String, RecipeChoice, CaseIterable {
    /// All; one that occurs nowhere counts as 0, as in the scripts.
    case allClasses = "all_classes"
    /// Those that occur in labels or predictions.
    case presentClasses = "present_classes"
  }
}

extension Key {
  static let evaluation = [
    Key(
      "evaluation.batch_size", \.evaluation.batchSize, 1...1024,
      "Images that a rank evaluates at a time, if of one size."
    ).changingNothing,
    Key(
      "evaluation.scales", \.evaluation.scales, each: 0.1...4, count: 1...16,
      "Image scales whose logits are averaged, in rdd eval, in rdd predict and when training validates; "
        + "each takes its own time."),
    Key(
      "evaluation.flip", \.evaluation.flip,
      "Whether the logits of the mirrored image are averaged in too, everywhere as the scales are."),
    Key(
      "evaluation.mean_iou", \.evaluation.meanIoU,
      "The mean over all classes, an absent one as 0 (the scripts), or over those present."),
    Key(
      "evaluation.pictures", \.evaluation.pictures, 0...64,
      "Validation images that are drawn at each validation, into the run folder's pictures."
    ).changingNothing,
  ]
}
