extension Recipe {
  /// Options set together, before those that the file gives.
  public enum Preset: String, RecipeChoice {
    /// The defaults: the published losses, with statistics over the global batch.
    case none
    /// As the authors' scripts compute, per-rank statistics included.
    case official
    /// As the paper's equations say where the scripts differ from them.
    case paper

    /// The keys that it sets, as a recipe would write them; `--set` and the file win over them.
    package var settings: [(key: String, value: String)] {
      let common = [
        ("train.learning_rate", "0.02"), ("train.poly_power", "0.9"), ("train.momentum", "0.9"),
        ("distill.kd_weight", "1"), ("distill.kd_temperature", "1"),
        ("distill.warmup_iterations", "4000"), ("distill.switch", "hard"), ("distill.mask", "xor"),
        ("distill.ohem.threshold", "0.7"),
      ]
      switch self {
      case .none: return []
      case .official:
        return common + [
          ("train.weight_decay", "1e-4"), ("distill.auxiliary_weight", "0.4"),
          ("distill.warmup_inclusive", "false"), ("distill.statistics", "local"),
          ("distill.class_weights", "auto"), ("distill.ohem.minimum_kept", "100000"),
          ("distill.ohem.minimum_kept_unit", "rank"), ("distill.tfe.kl", "auxiliary_main"),
          ("distill.tse.confidence", "ground_truth"), ("distill.tse.reduction", "masked_mean"),
          ("evaluation.mean_iou", "all_classes"),
        ]
      case .paper:
        return common + [
          ("train.weight_decay", "5e-4"), ("distill.warmup_inclusive", "true"),
          ("distill.statistics", "global"), ("distill.class_weights", "none"),
          ("distill.ohem.minimum_kept", "0"), ("distill.ohem.minimum_kept_unit", "batch"),
          ("distill.tfe.kl", "main_auxiliary"), ("distill.tse.confidence", "maximum"),
          ("distill.tse.reduction", "all_pixels"),
        ]
      }
    }
  }
}
