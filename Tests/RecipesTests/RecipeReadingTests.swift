import Foundation
import Recipes
import Testing

@Suite("Reading recipes")
struct RecipeReadingTests {
  /// A value of each key that is not its default, and agrees with the others.
  static let other: [(key: String, value: String)] = [
    ("preset", "official"), ("data.kind", "list"), ("data.root", "/a b/\"c\""),
    ("data.train_list", "lists/a.txt"), ("data.validation_list", "b.txt"),
    ("data.format", "cityscapes"), ("data.num_classes", "19"),
    ("data.classes", "[" + (0..<19).map { "{name: \"c\($0)\"}" }.joined(separator: ", ") + "]"),
    ("data.crop_height", "32"),
    ("data.crop_width", "8192"), ("data.augment", "false"), ("data.shuffle", "false"),
    ("data.loader_threads", "3"), ("data.prefetch_batches", "9"), ("data.cache_mebibytes", "0"),
    ("data.identity", "sizes"),
    ("data.image_mebibytes", "300"),
    ("data.orientation", "stored"),
    ("data.scenes.height", "64"), ("data.scenes.width", "65"), ("data.scenes.train_count", "7"),
    ("data.scenes.validation_count", "8"), ("data.scenes.seed", "9223372036854775807"),
    ("data.scenes.classes", "large"),
    ("student.network", "psp_resnet101"), ("student.weights", "/w/student.safetensors"),
    ("student.backbone_weights", "/w/b.pth"), ("student.dropout", "false"),
    ("student.head_width", "512"), ("student.outputs", "[\"out\", \"a ux\"]"),
    ("student.input.order", "bgr"), ("student.input.scale", "255.0"),
    ("student.input.mean", "[1.0, 0.0, -1.0]"), ("student.input.deviation", "[2.0, 1.0, 0.5]"),
    ("teacher.network", "/w/net.onnx"),
    ("teacher.weights", "/w/none"), ("teacher.from_seed", "true"), ("teacher.engine", "eager"),
    ("teacher.ahead", "false"), ("teacher.outputs", "[\"logits\"]"),
    ("teacher.classes", "[none, " + (0..<19).map { "\($0), " }.joined() + "3]"),
    ("teacher.input.order", "rgb"), ("teacher.input.scale", "2.0"),
    ("teacher.input.mean", "[0.5, 0.5, 0.5]"), ("teacher.input.deviation", "[0.25, 0.25, 0.25]"),
    ("train.iterations", "60"), ("train.batch_size", "5"), ("train.seed", "0"),
    ("train.precision", "bfloat16"), ("train.learning_rate", "1e-05"), ("train.poly_power", "1.0"),
    ("train.momentum", "0.0"), ("train.weight_decay", "0.0005"),
    ("train.optimizer", "adamw"), ("train.beta1", "0.8"), ("train.beta2", "0.98"),
    ("train.epsilon", "0.001"), ("train.warmup_iterations", "5"), ("train.warmup_factor", "0.5"),
    ("train.clip_norm", "1.0"),
    ("train.groups", "[{match: \"*.bias\", rate: 2.0, decay: 0.0}]"), ("train.average", "0.99"),
    ("train.checkpoint_every", "0"),
    ("train.validate_every", "20"), ("train.keep_checkpoints", "2"), ("train.log_every", "1"),
    ("train.nonfinite_limit", "0"), ("train.nothing_limit", "0"),
    ("train.compare_every", "7"), ("train.watchdog_seconds", "90.0"), ("train.device", "cuda"),
    ("train.threads", "2"), ("train.instructions", "avx512_bf16"),
    ("train.bucket_mebibytes", "1"), ("train.exact_sums", "false"),
    ("train.wire", "bfloat16"),
    ("train.fgsm", "8.0"),
    ("train.tensorboard", "false"),
    ("distill.method", "kd"), ("distill.methods", "[{name: cwd, weight: 2.0}]"),
    ("distill.scope", "both"), ("distill.kd_weight", "0.5"),
    ("distill.kd_temperature", "4.0"), ("distill.auxiliary_weight", "0.1"),
    ("distill.warmup_iterations", "1"), ("distill.warmup_inclusive", "true"),
    ("distill.switch", "blend"), ("distill.mask", "ohem"), ("distill.statistics", "local"),
    ("distill.engine", "reference"), ("distill.class_weights", "none"),
    ("distill.ohem.threshold", "0.65"), ("distill.ohem.minimum_kept", "0"),
    ("distill.ohem.minimum_kept_unit", "rank"), ("distill.tfe.kl", "main_auxiliary"),
    ("distill.tfe.weighting", "mean"), ("distill.tse.confidence", "maximum"),
    ("distill.tse.reduction", "all_pixels"),
    ("distill.strict_official", "true"), ("evaluation.batch_size", "2"),
    ("evaluation.scales", "[0.5, 1.0]"), ("evaluation.flip", "true"),
    ("evaluation.mean_iou", "present_classes"), ("evaluation.pictures", "0"),
  ]

  @Test("Every key is read by --set and written as it was read")
  func everyKey() throws {
    #expect(Self.other.map(\.key) == Key.all.map(\.path))
    let defaults = Recipe()
    let recipe = try decode(small, set: Self.other.map { "\($0.key)=\($0.value)" })
    for (key, value) in Self.other {
      let key = try #require(Key.named[key])
      #expect(key.yaml(recipe) != key.yaml(defaults), "\(key.path) is its default")
      #expect(
        key.path == "data.root" || key.yaml(recipe) == value.replacing("1e-05", with: "1.0e-05"))
    }
    #expect(recipe.data.root == "/a b/\"c\"")
    #expect(try decode(recipe.resolvedYAML()) == recipe)
  }

  @Test("A network is a word or the path of an ONNX file, which starts as other paths do")
  func graphs() throws {
    let recipe = try decode("teacher: {network: nets/t.onnx}\nstudent: {network: ../s.ONNX}")
    #expect(recipe.teacher.network.graphPath == "/recipes/nets/t.onnx")
    #expect(recipe.student.network.rawValue == "/s.ONNX" && recipe.student.network.card == nil)
    #expect(try decode(recipe.resolvedYAML()) == recipe)
    #expect(
      refusal("teacher: {network: net.pth, weights: a}").contains(
        "lraspp_mobilenetv3 or the path of an ONNX file; "))
  }

  @Test("A value of older recipes is what it did there")
  func older() throws {
    let recipe = try decode(small, set: ["train.keep_checkpoints=1"])
    #expect(recipe.train.keepCheckpoints == 2)
    #expect(recipe.resolvedYAML().contains("keep_checkpoints: 2\n"))
    for value in ["0", "-1"] {
      #expect(
        refusal(small, set: ["train.keep_checkpoints=\(value)"])
          .contains("expected an integer from 2 to 10000"))
    }
  }

  @Test("A file says the same as --set")
  func file() throws {
    let yaml = Self.other.map { "\($0): \($0 == "data.root" ? "'/a b/\"c\"'" : $1)" }
    let recipe = try decode(yaml.joined(separator: "\n"))
    #expect(recipe == (try decode(small, set: Self.other.map { "\($0.key)=\($0.value)" })))
    #expect(try decode(recipe.resolvedYAML()).resolvedYAML() == recipe.resolvedYAML())
  }

  @Test("Each source wins over those before it")
  func precedence() throws {
    func decay(_ yaml: String, _ set: [String] = []) throws -> Double {
      try decode(small + "\n" + yaml, set: set).train.weightDecay
    }
    let file = "train: {weight_decay: 0.25}\n"
    #expect(try decay("") == 1e-4)
    #expect(try decay("preset: paper\n") == 5e-4)
    #expect(try decay("preset: paper\n" + file) == 0.25)
    #expect(try decay(file + "preset: paper\n") == 0.25)
    #expect(try decay(file, ["preset=paper"]) == 5e-4)
    #expect(try decay(file, ["train.weight_decay=0.5"]) == 0.5)
    #expect(try decay(file, ["train.weight_decay=0.5", "preset=paper"]) == 0.5)
    #expect(try decay(file, ["train.weight_decay=0.5", "train.weight_decay=1"]) == 1)
    #expect(try decay("preset: paper\n", ["preset=none"]) == 1e-4)
    let resolved = try decode(small, set: ["preset=paper", "train.weight_decay=0.5"])
    #expect(try decode(resolved.resolvedYAML()) == resolved)
  }

  @Test("A word after distill is its method", arguments: Recipe.Method.allCases)
  func shorthand(_ method: Recipe.Method) throws {
    let long = try decode(small + "\ndistill:\n  method: \(method.rawValue)\n")
    #expect(long.distill.method == method)
    #expect(try decode(small + "\ndistill: \(method.rawValue)\n") == long)
    #expect(try decode(small, set: ["distill=\(method.rawValue)"]) == long)
    let section = small + "\ndistill: {method: rdd}"
    #expect(try decode(section, set: ["distill=\(method.rawValue)"]) == long)
  }

  @Test("Relative paths start from the recipe, after --set from the current folder")
  func paths() throws {
    func root(_ yaml: String, _ set: [String] = []) throws -> String? {
      try decode("distill: none\n" + yaml, set: set).data.root
    }
    let current = FileManager.default.currentDirectoryPath
    #expect(try root("") == nil)
    #expect(try root("data: {root: images}") == "/recipes/images")
    #expect(try root("data: {root: ../images/./x}") == "/images/x")
    #expect(try root("data: {root: /images}") == "/images")
    #expect(try root("data: {root: none}") == nil)
    #expect(try root("data: {root: 'none'}") == "/recipes/none")
    #expect(try root("", ["data.root=a b: #c"]) == current + "/a b: #c")
    #expect(try root("data: {root: images}", ["data.root=none"]) == nil)
    #expect(refusal("distill: none", set: ["data.root="]).contains("expected a path or none"))
  }

  @Test(
    "Every path survives the resolved recipe",
    arguments: [
      "/a b", "/none", "/\"\\'", "/#", "/: ", "/a\n\t\r b", "/\u{85}\u{2028}\u{FEFF}\u{E000}",
      "/\u{E9}\u{1F600}",
      "/-", "/~", "/{[*&!|>%@`",
    ])
  func quoting(_ path: String) throws {
    let recipe = try decode(
      "distill: none", set: ["data.root=\(path)", "data.train_list=x\(path)"])
    #expect(recipe.data.root == path)
    #expect(try decode(recipe.resolvedYAML()) == recipe)
  }

  @Test("Empty files and sections are defaults")
  func empty() throws {
    let defaults = try decode("", set: ["distill=none"])
    #expect(try decode("# nothing\n", set: ["distill=none"]) == defaults)
    #expect(try decode("train:\nstudent: {}\n", set: ["distill=none"]) == defaults)
  }
}
