/// Names that people know from other programs, and what has their place here.
package enum FamiliarNames {
  /// What stands in the place of a name.
  package enum Place: Sendable {
    /// A key.
    case key(String)
    /// No key, or more than one: a sentence.
    case sentence(String)
  }

  /// What to do about a key that does not exist, if its last part is a name that is known.
  ///
  /// - Parameter path: as it is written, with or without sections.
  static func remedy(for path: String) -> String? {
    switch places[lastPart(of: path).lowercased()] {
    case nil: nil
    case .key(let key): "did you mean \(key)?"
    case .sentence(let text): text
    }
  }

  /// The key that a name stands for, if it is one.
  package static func key(of name: String) -> String? {
    if case .key(let key) = places[name.lowercased()] { return key }
    return nil
  }

  /// The names, in small letters.
  package static let places: [String: Place] = Dictionary(
    uniqueKeysWithValues: table.flatMap { names, place in names.map { ($0, place) } })

  private static let table: [([String], Place)] = [
    (["lr", "lr0", "base_lr", "init_lr"], .key("train.learning_rate")),
    (["wd", "l2"], .key("train.weight_decay")),
    (["optimiser", "optim"], .key("train.optimizer")),
    (["eps", "adam_epsilon"], .key("train.epsilon")),
    (["warmup_ratio", "start_factor"], .key("train.warmup_factor")),
    (
      ["grad_clip", "clip_grad", "clip_grad_norm", "max_norm", "max_grad_norm"],
      .key("train.clip_norm")
    ),
    (["param_groups", "paramwise_cfg", "custom_keys"], .key("train.groups")),
    (["ema", "ema_decay", "model_ema"], .key("train.average")),
    (["batch", "bs", "batchsize"], .key("train.batch_size")),
    (["max_iters", "max_iterations", "max_steps", "iters", "steps"], .key("train.iterations")),
    (["val_interval", "val_every", "eval_every"], .key("train.validate_every")),
    (["save_interval", "save_every"], .key("train.checkpoint_every")),
    (["log_interval"], .key("train.log_every")),
    (["amp", "fp16", "bf16", "mixed_precision"], .key("train.precision")),
    (["num_workers", "workers"], .key("data.loader_threads")),
    (["num_class", "nclass", "nc"], .key("data.num_classes")),
    (["dataset_root", "data_root", "data_dir"], .key("data.root")),
    (["augmentation", "augmentations"], .key("data.augment")),
    (["backbone", "model", "arch"], .key("student.network")),
    (["pretrained", "backbone_pretrained"], .key("student.backbone_weights")),
    (["temperature"], .key("distill.kd_temperature")),
    (["alpha", "lambda_kd"], .key("distill.kd_weight")),
    (
      ["epochs", "epoch", "max_epochs", "num_epochs"],
      .sentence(
        "set train.iterations: an epoch is the number of training images divided by train.batch_size"
      )
    ),
    (
      ["scheduler", "lr_scheduler", "lr_policy"],
      .sentence("the learning rate falls as a power of what is left: set train.poly_power")
    ),
    (
      ["warmup", "warmup_iters", "warmup_epochs", "warmup_steps"],
      .sentence(
        "train.warmup_iterations warms the learning rate up; distill.warmup_iterations is the length of "
          + "TFE")
    ),
    (
      ["betas", "adam_betas"], .sentence("set train.beta1 and train.beta2")
    ),
    (
      ["ignore_index", "ignore_label"],
      .sentence("data.format says which value of the labels is ignored; 255 always is")
    ),
    (
      ["crop", "crop_size", "input_size"],
      .sentence("set data.crop_height and data.crop_width")
    ),
    (
      ["resume", "resume_from", "auto_resume"],
      .sentence("the same command goes on where it stopped; --fresh begins anew")
    ),
    (
      ["save_dir", "output_dir", "work_dir", "out"],
      .sentence("the run's folder is the option --out")
    ),
    (
      ["gpus", "gpu", "gpu_ids", "ngpus", "nproc", "num_gpus", "world_size"],
      .sentence("launch/local N starts N processes; train.device says what they compute on")
    ),
    (
      ["sync_bn", "syncbn"],
      .sentence("leave it out: BatchNorm always takes the images of all ranks together")
    ),
  ]
}
