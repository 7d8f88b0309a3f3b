extension Recipe {
  /// Options set together where it stands: a file's keys win over the file's preset, and a preset after
  /// `--set` over the file.
  ///
  /// Batch, schedule, mask and threshold are not among them: paper and scripts agree on them.
  package enum Preset: String, RecipeChoice, CaseIterable {
    /// The defaults: the published losses, with statistics over the global batch.
    case none
    /// As the authors' scripts compute, per-rank statistics included.
    case official
    /// As the paper's equations say where the scripts differ from them.
    case paper

    /// The keys that it sets, as a recipe would write them.
    package var settings: [(key: String, value: String)] {
      switch self {
      case .none: return []
      case .official:
        return [
          ("train.weight_decay", "1e-4"), ("distill.warmup_inclusive", "false"),
          ("distill.switch", "hard"), ("distill.statistics", "local"),
          ("distill.class_weights", "auto"), ("distill.ohem.minimum_kept", "100000"),
          ("distill.ohem.minimum_kept_unit", "rank"), ("distill.tfe.kl", "auxiliary_main"),
          ("distill.tse.confidence", "ground_truth"), ("distill.tse.reduction", "masked_mean"),
          ("evaluation.mean_iou", "all_classes"),
        ]
      case .paper:
        return [
          ("train.weight_decay", "5e-4"), ("distill.warmup_inclusive", "true"),
          ("distill.switch", "hard"), ("distill.statistics", "global"),
          ("distill.class_weights", "none"),
          ("distill.ohem.minimum_kept", "0"), ("distill.ohem.minimum_kept_unit", "batch"),
          ("distill.tfe.kl", "main_auxiliary"), ("distill.tse.confidence", "maximum"),
          ("distill.tse.reduction", "all_pixels"),
        ]
      }
    }
  }
}
