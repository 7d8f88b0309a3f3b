/// How a training step weighs pixels by their difficulty. Raw values are what recipes say.
package struct DifficultyOptions: Sendable, Equatable {
  /// Which pixels the teacher-student stage keeps, from the two networks' masks of hard pixels.
  package enum Mask: String, Sendable, CaseIterable {
    /// Pixels hard for exactly one of student and teacher.
    case xor
    /// Pixels hard for student or teacher.
    case or
    /// Pixels hard for student and teacher.
    case and
    /// Pixels hard for the student; the teacher plays no part.
    case ohem
  }

  /// Over which pixels counts, thresholds and means are taken.
  package enum Statistics: String, Sendable, CaseIterable {
    /// The global batch: any number of ranks gives the result of one.
    case global
    /// Each rank's own images; the loss is the mean over ranks, as in the authors' code.
    case local
  }

  /// The direction of the divergence between the teacher's heads (equation 6).
  package enum Divergence: String, Sendable, CaseIterable {
    /// KL(auxiliary || main), as in the authors' code.
    case auxiliaryToMain = "auxiliary_main"
    /// KL(main || auxiliary), as in the paper.
    case mainToAuxiliary = "main_auxiliary"
  }

  /// How the TFE weights enter the loss.
  package enum Weighting: String, Sendable, CaseIterable {
    /// Each pixel's cross entropy has its own weight (equation 8).
    case perPixel = "per_pixel"
    /// The mean cross entropy over valid pixels times the mean weight over all pixels, which the
    /// authors' scripts for other methods compute.
    case mean
  }

  /// The probability that decides whether a pixel is hard.
  package enum Confidence: String, Sendable, CaseIterable {
    /// The probability of the labelled class, as in the authors' code.
    case groundTruth = "ground_truth"
    /// The largest probability, as in the paper.
    case maximum
  }

  /// How the teacher-student loss is averaged.
  package enum Reduction: String, Sendable, CaseIterable {
    /// The class-weighted mean over the kept pixels, as in the authors' code.
    case maskedMean = "masked_mean"
    /// The sum over the kept pixels divided by the number of all pixels, as in the paper.
    case allPixels = "all_pixels"
  }

  /// The task loss of a step.
  package enum Task: Sendable, Equatable {
    /// The mean cross entropy over valid pixels.
    case crossEntropy
    /// Weights from the disagreement of the teacher's heads (TFE, equations 6 to 8).
    case teacherFull
    /// Masks from the confidences of teacher and student (TSE, equations 9 and 10).
    case teacherStudent
    /// `share` times the TFE loss plus `1 - share` times the TSE loss.
    case blend(share: Double)
  }

  /// The task loss.
  package var task = Task.teacherStudent
  /// How the masks of student and teacher are combined (TSE).
  package var mask = Mask.xor
  /// The confidence at or below which a pixel is hard (TSE).
  package var threshold = 0.7
  /// The least number of pixels to keep of each network; of a rank when statistics are local (TSE).
  package var minimumKept = 100_000
  /// Over which pixels statistics are taken.
  package var statistics = Statistics.global
  /// A weight for each class, or nil for all ones (TSE).
  package var classWeights: [Float]?
  /// The direction of the divergence (TFE).
  package var divergence = Divergence.auxiliaryToMain
  /// How the weights enter the loss (TFE).
  package var weighting = Weighting.perPixel
  /// Which probability decides whether a pixel is hard (TSE).
  package var confidence = Confidence.groundTruth
  /// How the loss is averaged (TSE).
  package var reduction = Reduction.maskedMean
  /// The factor of the auxiliary head's task loss.
  package var auxiliaryWeight = 0.4
  /// The factor of the distillation term; 0 leaves it out.
  package var distillationWeight = 1.0
  /// The temperature of the distillation term.
  package var distillationTemperature = 1.0

  /// The authors' choices for Cityscapes, without class weights.
  package init() {}

  /// The factor of the TFE or cross-entropy part of the task loss.
  var firstShare: Double {
    switch task {
    case .crossEntropy, .teacherFull: 1
    case .teacherStudent: 0
    case .blend(let share): share
    }
  }

  /// The factor of the TSE part of the task loss.
  var secondShare: Double {
    switch task {
    case .crossEntropy, .teacherFull: 0
    case .teacherStudent: 1
    case .blend(let share): 1 - share
    }
  }

  /// Whether the TFE part is computed.
  var usesWeights: Bool {
    switch task {
    case .teacherFull, .blend: true
    case .crossEntropy, .teacherStudent: false
    }
  }

  /// Whether the TSE part is computed.
  var usesMasks: Bool {
    switch task {
    case .teacherStudent, .blend: true
    case .crossEntropy, .teacherFull: false
    }
  }
}
