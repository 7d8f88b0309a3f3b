/// The losses of a step, equal on every rank, and what was decided on the way.
public struct DifficultyResult: Sendable, Equatable {
  /// The task loss plus the distillation term.
  public var loss = 0.0
  /// The task loss: main head plus `auxiliaryWeight` times the auxiliary head.
  public var taskLoss = 0.0
  /// The distillation term, with its factor.
  public var distillationLoss = 0.0
  /// The task loss of the main head.
  public var mainTaskLoss = 0.0
  /// The task loss of the auxiliary head, without its factor.
  public var auxiliaryTaskLoss = 0.0
  /// The TFE part of the task loss, or the cross entropy; 0 where there is none.
  public var weightedLoss = 0.0
  /// The TSE part of the task loss; 0 where there is none.
  public var maskedLoss = 0.0
  /// Counts and thresholds.
  public var statistics = DifficultyStatistics()
}

/// Counts and thresholds of a step: of the global batch, or of this rank when statistics are local.
public struct DifficultyStatistics: Sendable, Equatable {
  /// The number of pixels that are not ignored.
  public var validCount: Int64 = 0
  /// The mean of the TFE weights over all pixels, ignored ones included; 0 without TFE.
  public var meanWeight = 0.0
  /// The thresholds of student main, teacher main, student auxiliary, teacher auxiliary (TSE).
  public var thresholds: [Float] = []
  /// The numbers of pixels at or below the thresholds, in the same order (TSE).
  public var keptCounts: [Int64] = []
  /// The number of pixels that each class has in the main head's mask (TSE).
  public var mainClassCounts: [Int64] = []
  /// The number of pixels that each class has in the auxiliary head's mask (TSE).
  public var auxiliaryClassCounts: [Int64] = []
  /// Whether a head's mask is empty, so that its loss and gradient are 0 (TSE).
  public var emptyMask = false
  /// Whether fewer pixels were valid than must be kept, so that all valid ones are kept (TSE).
  public var fallback = false
  /// The number of collectives before the gradient: for counts and thresholds.
  public var decisionCollectives = 0
  /// The number of all collectives: the decision's and the one that adds the losses.
  public var collectives = 0

  /// The number of pixels in the main head's mask (TSE).
  public var mainSelected: Int64 { mainClassCounts.reduce(0, +) }
  /// The number of pixels in the auxiliary head's mask (TSE).
  public var auxiliarySelected: Int64 { auxiliaryClassCounts.reduce(0, +) }
}
