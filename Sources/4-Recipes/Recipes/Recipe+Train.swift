import DataParallel
import Networks
import Optimisers
import Torch

extension Recipe {
  /// The loop and the optimiser.
  package struct Train: Sendable, Equatable {
    /// Optimiser steps of the run.
    package var iterations = 40_000
    /// Images of one step, over all ranks.
    package var batchSize = 16
    /// The run's seed.
    package var seed = 1
    /// Number format of the networks.
    package var precision = Precision.float32
    /// Learning rate of the first iteration.
    package var learningRate = 0.02
    /// Exponent of its decay.
    package var polyPower = 0.9
    /// Momentum of SGD.
    package var momentum = 0.9
    /// Factor of the weights that is added to the gradient; of AdamW that of the weights themselves.
    package var weightDecay = 1e-4
    /// What moves the weights by their gradients.
    package var optimizer = OptimiserName.sgd
    /// AdamW's factor of the old mean of gradients.
    package var beta1 = 0.9
    /// AdamW's factor of the old mean of squared gradients.
    package var beta2 = 0.999
    /// What AdamW adds to the divisor.
    package var epsilon = 1e-8
    /// Iterations in which the learning rate rises; 0: none.
    package var warmupIterations = 0
    /// What the learning rate begins at, as a factor.
    package var warmupFactor = 0.001
    /// The largest norm of all gradients together; 0: any.
    package var clipNorm = 0.0
    /// Factors for parameters by their names.
    package var groups = Groups()
    /// The factor of the old weights in their average; 0: no average.
    package var average = 0.0
    /// Iterations between checkpoints; 0: the last only.
    package var checkpointEvery = 1600
    /// Iterations between validations; 0: the last only.
    package var validateEvery = 1600
    /// Checkpoints that stay, 2 or more: one damaged file must leave another.
    package var keepCheckpoints = 3
    /// Iterations between log lines.
    package var logEvery = 10
    /// Non-finite steps in a row that are skipped before the run ends.
    package var nonfiniteLimit = 10
    /// Batches without a labelled pixel in a row that end the run; 0: none do.
    package var nothingLimit = 100
    /// Iterations between comparisons of the weights of all ranks; 0: only before each checkpoint.
    package var compareEvery = 100
    /// Seconds without progress after which the job ends; 0: from the median of the steps.
    package var watchdogSeconds = 0.0
    /// Where the networks run.
    package var device = Device.Kind.cpu
    /// Compute threads of each rank; 0: its share of the cores.
    package var threads = 0
    /// Vector instructions that kernels in host memory are chosen for, on all ranks; nil: the most that
    /// the processors of all ranks have.
    package var instructions: InstructionSet?
    /// The size of a gradient bucket in MiB; one bucket is summed over the ranks at a time.
    package var bucketMebibytes = 25
    /// Whether gradients are added exactly, image by image.
    package var exactSums = true
    /// The number format in which gradients are sent between ranks.
    package var wire = GradientWire.full
    /// Adversarial training (FGSM): step size in gray levels, of 255; 0: none.
    package var fgsm = 0.0
    /// Whether events are written for TensorBoard.
    package var tensorboard = true

    /// Whether the sums of gradients are exact: what is rounded on the wire is not.
    package var addsExactly: Bool { exactSums && wire == .full }
  }
}

extension Key {
  static let train = steps + optimiser + loop

  private static let steps = [
    Key("train.iterations", \.train.iterations, 1...1_000_000_000, "Optimiser steps of the run."),
    Key(
      "train.batch_size", \.train.batchSize, 1...4096,
      "Images of one step over all ranks together; it need not divide by their number."),
    Key(
      "train.seed", \.train.seed, 0...Int.max,
      "Seed of initial weights, order, augmentation and dropout."),
    Key(
      "train.precision", \.train.precision,
      "Number format of the networks; float64 is for tests."),
    Key(
      "train.learning_rate", \.train.learningRate, 0...100,
      "Learning rate of iteration 1; iteration n has it times (1 - (n - 1) / iterations)^power."),
    Key("train.poly_power", \.train.polyPower, 0...10, "Exponent of the learning rate's decay."),
    Key("train.momentum", \.train.momentum, 0...1, "Momentum of SGD, without dampening."),
    Key(
      "train.weight_decay", \.train.weightDecay, 0...1,
      "Factor of every parameter that is added to its gradient. The paper says 5e-4, its scripts 1e-4. "
        + "AdamW: the share of the learning rate by which every parameter shrinks; 0.01 is usual."
    ),
  ]

  private static let loop = [
    Key(
      "train.checkpoint_every", \.train.checkpointEvery, 0...1_000_000_000,
      "Iterations between checkpoints. 0: only after the last iteration."
    ).changingNothing,
    Key(
      "train.validate_every", \.train.validateEvery, 0...1_000_000_000,
      "Iterations between validations. 0: only after the last iteration."
    ).changingNothing,
    Key(
      "train.keep_checkpoints", \.train.keepCheckpoints, 2...10_000, older: 1,
      "Checkpoints that stay; older ones are removed."
    ).changingNothing,
    Key("train.log_every", \.train.logEvery, 1...1_000_000, "Iterations between log lines.")
      .changingNothing,
    Key(
      "train.nonfinite_limit", \.train.nonfiniteLimit, 0...1_000_000,
      "Steps in a row with a loss or gradient that is not finite, skipped before the run ends."
    ).changingNothing,
    Key(
      "train.nothing_limit", \.train.nothingLimit, 0...1_000_000,
      "Batches in a row without one labelled pixel, of which labels teach nothing, that end the run. A "
        + "shorter run ends so if no batch has one. 0: none do, for images that only a teacher names."
    ).changingNothing,
    Key(
      "train.compare_every", \.train.compareEvery, 0...1_000_000_000,
      "Iterations between comparisons of all ranks' weights. 0: only before each checkpoint."
    ).changingNothing,
    Key(
      "train.watchdog_seconds", \.train.watchdogSeconds, 0...1e6,
      "Seconds of a step without progress on any rank after which the job ends (exit code 76); ten "
        + "times as long at the start, validating and saving. 0: five times the median step, 60 at "
        + "least."
    ).changingNothing,
    Key("train.device", \.train.device, "Where the networks run; cuda: one GPU for each rank."),
    Key(
      "train.threads", \.train.threads, 0...1024,
      "Compute threads of each rank, at most four for each core of the host, or 16. 0: its share of the "
        + "cores it may use."
    ).changingNothing,
    Key(
      "train.instructions", orAuto: \.train.instructions,
      "Vector instructions of the processors, the same on all ranks; others round otherwise. auto: the "
        + "most that all ranks have; bfloat16 needs avx512. OpenBLAS, by which some methods and "
        + "float64 multiply matrices, goes by OPENBLAS_CORETYPE alone (Haswell for avx2)."),
    Key(
      "train.bucket_mebibytes", \.train.bucketMebibytes, 1...4096,
      "Size of a gradient bucket in MiB; one bucket is summed over the ranks at a time, while backward "
        + "runs on."
    ).changingNothing,
    Key(
      "train.exact_sums", \.train.exactSums,
      "Whether gradients are added image by image as integers, so that float32 and bfloat16 runs are the "
        + "same to the bit on any number of ranks and threads. false: half the bytes on the wire."),
    Key(
      "train.wire", \.train.wire,
      "Number format in which gradients are sent between ranks. full: as they are added. bfloat16: a "
        + "quarter of the bytes; results then depend on the number of ranks."),
    Key(
      "train.fgsm", \.train.fgsm, 0...255,
      "Adversarial training (FGSM): the step size in gray levels, of 255, by which the student's images "
        + "move along the sign of the gradient of the labels' loss. Teacher and methods see images as they "
        + "are. 0: none."
    ),
    Key(
      "train.tensorboard", \.train.tensorboard,
      "Whether numbers, histograms and pictures are written for TensorBoard too."
    ).changingNothing,
  ]
}
