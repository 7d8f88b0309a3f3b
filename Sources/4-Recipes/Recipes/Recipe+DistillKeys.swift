extension Key {
  static let distill = [
    Key(
      "distill.method", \.distill.method,
      "rdd: TFE, then TSE, and KD. kd: labels and KD. none: labels alone, as for a teacher. "
        + "`distill: none` says the same."),
    Key(
      "distill.methods", \.distill.methods,
      "Methods beside the task loss, as [{name: cwd, weight: 3.0}]; the table below has their names "
        + "and options. A method of weight 0 is left out."),
    Key(
      "distill.scope", \.distill.scope,
      "The losses that RDD's difficulty weights. task: the cross entropy. distill: the per-pixel losses of "
        + "the methods; the cross entropy is then unweighted. both: all of them. Without RDD it has no "
        + "effect."),
    Key(
      "distill.kd_weight", \.distill.difficulty.distillationWeight, 0...1e6,
      "Factor of the KD term; unused where distill.methods lists kd."),
    Key(
      "distill.kd_temperature", \.distill.difficulty.distillationTemperature, 0.01...1000,
      "Temperature of the KD term."),
    Key(
      "distill.auxiliary_weight", \.distill.difficulty.auxiliaryWeight, 0...100,
      "Factor of the loss of the student's auxiliary head, if it has one."),
    Key(
      "distill.warmup_iterations", orAuto: \.distill.warmup, 0...1_000_000_000,
      "The iteration from which TSE takes over from TFE. 0 or 1: TSE from the start. auto: a tenth of "
        + "train.iterations (the scripts: 4000 of 40000)."),
    Key(
      "distill.warmup_inclusive", \.distill.warmupInclusive,
      "Whether that iteration itself is TFE's last (the paper) or TSE's first (the scripts)."),
    Key(
      "distill.switch", \.distill.switch,
      "hard: TSE takes over at once. blend: linearly, from that iteration to the last."),
    Key(
      "distill.mask", \.distill.difficulty.mask,
      "Pixels that TSE keeps: hard for exactly one of student and teacher, for either, for both, "
        + "or (ohem) for the student whatever the teacher says."),
    Key(
      "distill.statistics", \.distill.difficulty.statistics,
      "Thresholds and denominators over the whole global batch, or over each rank's images "
        + "(the scripts; then the number of ranks changes the result)."),
    Key("distill.engine", \.distill.engine, "What computes difficulty and losses."),
    Key(
      "distill.class_weights", \.distill.classWeights,
      "Class weights of the TSE loss. auto: the published weights of Cityscapes where data.format is "
        + "cityscapes, else none."),
    Key(
      "distill.ohem.threshold", \.distill.difficulty.threshold, 0...1,
      "A pixel is hard when its probability is at or below this, or below the k-th smallest."),
    Key(
      "distill.ohem.minimum_kept", orAuto: \.distill.ohem.minimumKept, 0...1_000_000_000_000,
      "k: pixels that count as hard at least, of the whole global batch. 0: the threshold alone. "
        + "auto: 25000 for each image of 512 x 1024 pixels, in proportion for other crops."),
    Key(
      "distill.ohem.minimum_kept_unit", \.distill.ohem.minimumKeptUnit,
      "What k counts: pixels of the whole global batch, of each image, or of each rank "
        + "(the scripts; with local statistics)."),
    Key(
      "distill.tfe.kl", \.distill.difficulty.divergence,
      "Divergence of the teacher's heads: KL(auxiliary, main) of the scripts, or KL(main, auxiliary) "
        + "of the paper."),
    Key(
      "distill.tfe.weighting", \.distill.difficulty.weighting,
      "per_pixel: each pixel's cross entropy times its own weight. mean: the mean cross entropy "
        + "times the mean weight (the scripts that add RDD to AT, DSD or CIRKD)."),
    Key(
      "distill.tse.confidence", \.distill.difficulty.confidence,
      "Probability that tells hard pixels: of the labelled class (the scripts), or the largest "
        + "(the paper)."),
    Key(
      "distill.tse.reduction", \.distill.difficulty.reduction,
      "The TSE loss is a mean over the kept pixels (the scripts) or over all (the paper)."),
    Key(
      "distill.strict_official", \.distill.strictOfficial,
      "Stop where the scripts would crash (too few valid pixels) and skip the step where they would "
        + "divide by zero (an empty mask)."),
  ]
}
