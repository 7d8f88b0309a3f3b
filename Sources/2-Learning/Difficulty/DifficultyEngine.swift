import Host
import Reduction

/// The losses of Relative Difficulty Distillation with their gradients, in fused sweeps.
///
/// Logits are upsampled, turned into probabilities, weighed or masked, and differentiated block by
/// block; nothing of the size classes times full resolution is stored. Results do not depend on the
/// number of threads. With global statistics decisions and losses are, bit for bit, the same for any
/// split of the batch over ranks; gradients are those of the one global loss.
package final class DifficultyEngine {
  private let pool: WorkerPool
  private let buffers = Buffers()
  private var geometry: Geometry?
  private var workspaces: [Workspace] = []

  /// An engine for one rank; it keeps its memory from step to step.
  ///
  /// - Parameter threadCount: the number of threads, at least 1.
  package init(threadCount: Int) { pool = WorkerPool("rdd-loss", threadCount: threadCount) }

  /// The loss of one step and its gradient for the student's logits. Collective.
  ///
  /// - Parameters:
  ///   - inputs: this rank's images.
  ///   - options: the method; equal on all ranks.
  ///   - gradients: overwritten with the gradient of the reported loss.
  ///   - reducer: the ranks that share the batch.
  /// - Returns: losses, equal on all ranks, and statistics. A NaN among the logits of a valid pixel
  ///   makes the loss a NaN.
  package func evaluate(
    _ inputs: DifficultyInputs, options: DifficultyOptions, gradients: DifficultyGradients,
    reducer: any Reducer
  ) -> DifficultyResult {
    inputs.check(options)
    require(
      inputs.student.auxiliary == nil || gradients.auxiliary != nil,
      "DifficultyEngine: an auxiliary head without room for its gradient")
    let geometry = prepare(inputs)
    let step = DifficultyStep(
      inputs: inputs, options: options, geometry: geometry, buffers: buffers,
      workspaces: workspaces, pool: pool)
    return step.run(gradients, reducer)
  }

  /// Weights, probabilities and masks of some images, as one process sees them.
  ///
  /// - Parameters:
  ///   - inputs: the images; they are the whole batch whatever `globalCount` says.
  ///   - options: thresholds, masks and the direction of the divergence; the task does not matter.
  /// - Returns: maps at label resolution.
  package func difficultyMaps(
    _ inputs: DifficultyInputs, options: DifficultyOptions
  ) -> DifficultyMaps {
    var inputs = inputs
    inputs.images = DifficultyInputs.Images(count: inputs.images.count)
    var options = options
    options.task = .teacherStudent
    options.distillationWeight = 0
    inputs.check(options)
    let step = DifficultyStep(
      inputs: inputs, options: options, geometry: prepare(inputs), buffers: buffers,
      workspaces: workspaces, pool: pool)
    return step.maps()
  }

  /// Makes workspaces for the sizes of `inputs`, unless they are there.
  private func prepare(_ inputs: DifficultyInputs) -> Geometry {
    if let geometry, geometry.sizes == inputs.sizes { return geometry }
    let fresh = Geometry(inputs.sizes)
    geometry = fresh
    workspaces = (0..<pool.threadCount).map { _ in Workspace(fresh) }
    return fresh
  }
}
