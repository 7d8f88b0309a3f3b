import Recipes
import Testing

@Suite("The table of keys")
struct ReferenceTests {
  @Test("Names are unique, in snake case, and sections stand together")
  func names() {
    let names = Key.all.map(\.path)
    #expect(Set(names).count == names.count)
    #expect(
      names.allSatisfy { $0.allSatisfy { $0.isLowercase || "_.".contains($0) || $0.isNumber } })
    let lines = Recipe().resolvedYAML().split(separator: "\n")
    let sections = lines.filter { $0.hasSuffix(":") }.map { $0.trimmingPrefix { $0 == " " } }
    #expect(
      sections == [
        "data:", "scenes:", "student:", "input:", "teacher:", "input:", "train:", "distill:",
        "ohem:",
        "tfe:", "tse:", "evaluation:",
      ])
  }

  @Test("Every key has a type, a default that it accepts, and a meaning of one line")
  func documented() throws {
    for key in Key.all {
      #expect(key.meaning.hasSuffix(".") && key.meaning.count > 15, "\(key.path)")
      #expect(!key.meaning.contains("\n") && !key.meaning.contains("|"), "\(key.path)")
      #expect(!key.expected.isEmpty, "\(key.path)")
      let value = key.yaml(Recipe())
      let recipe = try decode(
        "distill: none", set: key.path == "distill.method" ? [] : ["\(key.path)=\(value)"])
      #expect(recipe == (try decode("distill: none")), "\(key.path)=\(value)")
    }
  }

  @Test("The reference table has a row for each key")
  func table() {
    let rows = Recipe.referenceTable().split(separator: "\n")
    #expect(rows.count == Key.all.count + 2)
    #expect(
      rows[2...].contains(
        "| `train.batch_size` | an integer from 1 to 4096 | `16` | Images of one step over all ranks "
          + "together; it need not divide by their number. |"))
    #expect(rows.allSatisfy { $0.count { $0 == "|" } == 5 })
  }

  @Test("Names and defaults change only on purpose")
  func snapshot() {
    let recipe = Recipe()
    #expect(
      Key.all.map { "\($0.path) = \($0.yaml(recipe))" }.joined(separator: "\n") == Self.defaults)
  }

  @Test("One wrong letter is still the nearest key", arguments: Key.all.map(\.path))
  func nearest(_ path: String) {
    for misspelt in [
      path + "s", String(path.dropLast()), path.replacing("e", with: "a", maxReplacements: 1),
    ]
    // train.beta is as near to one as to the other.
    where Key.named[misspelt] == nil && misspelt != "train.beta" {
      #expect(refusal("", set: ["\(misspelt)=1"]).hasSuffix("did you mean \(path)?"), "\(misspelt)")
    }
  }

  static let defaults = """
    preset = none
    data.kind = scenes
    data.root = none
    data.train_list = train.txt
    data.validation_list = val.txt
    data.format = train_ids
    data.num_classes = 0
    data.classes = []
    data.crop_height = 0
    data.crop_width = 0
    data.augment = true
    data.shuffle = true
    data.loader_threads = 1
    data.prefetch_batches = 4
    data.cache_mebibytes = 512
    data.identity = contents
    data.image_mebibytes = 192
    data.orientation = exif
    data.scenes.height = 128
    data.scenes.width = 256
    data.scenes.train_count = 500
    data.scenes.validation_count = 100
    data.scenes.seed = 1
    data.scenes.classes = all
    student.network = deeplabv3_resnet18
    student.weights = none
    student.backbone_weights = none
    student.dropout = true
    student.head_width = 0
    student.outputs = []
    student.input.order = own
    student.input.scale = 1.0
    student.input.mean = [0.0, 0.0, 0.0]
    student.input.deviation = [1.0, 1.0, 1.0]
    teacher.network = deeplabv3_resnet101
    teacher.weights = none
    teacher.from_seed = false
    teacher.engine = compiled
    teacher.ahead = true
    teacher.outputs = []
    teacher.classes = []
    teacher.input.order = own
    teacher.input.scale = 1.0
    teacher.input.mean = [0.0, 0.0, 0.0]
    teacher.input.deviation = [1.0, 1.0, 1.0]
    train.iterations = 40000
    train.batch_size = 16
    train.seed = 1
    train.precision = float32
    train.learning_rate = 0.02
    train.poly_power = 0.9
    train.momentum = 0.9
    train.weight_decay = 0.0001
    train.optimizer = sgd
    train.beta1 = 0.9
    train.beta2 = 0.999
    train.epsilon = 1.0e-08
    train.warmup_iterations = 0
    train.warmup_factor = 0.001
    train.clip_norm = 0.0
    train.groups = []
    train.average = 0.0
    train.checkpoint_every = 1600
    train.validate_every = 1600
    train.keep_checkpoints = 3
    train.log_every = 10
    train.nonfinite_limit = 10
    train.nothing_limit = 100
    train.compare_every = 100
    train.watchdog_seconds = 0.0
    train.device = cpu
    train.threads = 0
    train.instructions = auto
    train.bucket_mebibytes = 25
    train.exact_sums = true
    train.wire = full
    train.fgsm = 0.0
    train.tensorboard = true
    distill.method = rdd
    distill.methods = []
    distill.scope = task
    distill.kd_weight = 1.0
    distill.kd_temperature = 1.0
    distill.auxiliary_weight = 0.4
    distill.warmup_iterations = auto
    distill.warmup_inclusive = false
    distill.switch = hard
    distill.mask = xor
    distill.statistics = global
    distill.engine = fused
    distill.class_weights = auto
    distill.ohem.threshold = 0.7
    distill.ohem.minimum_kept = auto
    distill.ohem.minimum_kept_unit = batch
    distill.tfe.kl = auxiliary_main
    distill.tfe.weighting = per_pixel
    distill.tse.confidence = ground_truth
    distill.tse.reduction = masked_mean
    distill.strict_official = false
    evaluation.batch_size = 1
    evaluation.scales = [1.0]
    evaluation.flip = false
    evaluation.mean_iou = all_classes
    evaluation.pictures = 2
    """
}
