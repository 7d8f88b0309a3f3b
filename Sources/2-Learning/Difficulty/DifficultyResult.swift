/// The losses of a step, equal on every rank, and what was decided on the way.
package struct DifficultyResult: Sendable, Equatable {
  /// The task loss plus the distillation term.
  package var loss = 0.0
  /// The task loss: main head plus `auxiliaryWeight` times the auxiliary head.
  package var taskLoss = 0.0
  /// The distillation term, with its factor.
  package var distillationLoss = 0.0
  /// The task loss of the main head.
  package var mainTaskLoss = 0.0
  /// The task loss of the auxiliary head, without its factor.
  package var auxiliaryTaskLoss = 0.0
  /// The TFE part of the task loss, or the cross entropy; 0 where there is none.
  package var weightedLoss = 0.0
  /// The TSE part of the task loss; 0 where there is none.
  package var maskedLoss = 0.0
  /// Counts and thresholds.
  package var statistics = DifficultyStatistics()
}

/// Counts and thresholds of a step: of the global batch, or of this rank when statistics are local.
package struct DifficultyStatistics: Sendable, Equatable {
  /// The number of pixels that are not ignored.
  package var validCount: Int64 = 0
  /// The mean of the TFE weights over all pixels, ignored ones included; 0 without TFE.
  package var meanWeight = 0.0
  /// The thresholds of student main, teacher main, student auxiliary, teacher auxiliary (TSE).
  package var thresholds: [Float] = []
  /// The numbers of pixels at or below the thresholds, in the same order (TSE).
  package var keptCounts: [Int64] = []
  /// The number of pixels that each class has in the main head's mask (TSE).
  package var mainClassCounts: [Int64] = []
  /// The number of pixels that each class has in the auxiliary head's mask (TSE).
  package var auxiliaryClassCounts: [Int64] = []
  /// Whether a head's mask is empty, so that its loss and gradient are 0 (TSE).
  package var emptyMask = false
  /// Whether fewer pixels were valid than must be kept, so that all valid ones are kept (TSE).
  package var fallback = false
  /// The number of collectives before the gradient: for counts and thresholds.
  package var decisionCollectives = 0
  /// The number of all collectives: the decision's and the one that adds the losses.
  package var collectives = 0

  /// The number of pixels in the main head's mask (TSE).
  package var mainSelected: Int64 { mainClassCounts.reduce(0, +) }
  /// The number of pixels in the auxiliary head's mask (TSE).
  package var auxiliarySelected: Int64 { auxiliaryClassCounts.reduce(0, +) }
}
