import Reduction

/// What computes a step's losses: `TaskLoss`, or another in its place, as a device's own.
package protocol LossEngine {
  /// The loss of one step and its gradient. Collective.
  ///
  /// - Parameters:
  ///   - student: logits `[n, C, h, w]`, whose history is not used: hand the gradients to backward.
  ///   - teacher: logits of the same shape; nil only for the labels' cross entropy alone.
  ///   - labels: of this rank's images.
  ///   - firstImage: the position of this rank's first image in the global batch.
  ///   - globalImageCount: the images of all ranks.
  ///   - options: the method; equal on all ranks.
  ///   - reducer: the ranks.
  /// - Returns: losses that are equal on all ranks, and gradients of the logits' type and device.
  func evaluate(
    student: TaskLoss.Heads, teacher: TaskLoss.Heads?, labels: TaskLoss.Labels, firstImage: Int,
    globalImageCount: Int, options: DifficultyOptions, reducer: any Reducer
  ) -> TaskLoss.Outcome

  /// What is seen in this rank's images before anything is decided over ranks.
  func maps(
    student: TaskLoss.Heads, teacher: TaskLoss.Heads, labels: TaskLoss.Labels,
    options: DifficultyOptions
  ) -> LossMaps
}
