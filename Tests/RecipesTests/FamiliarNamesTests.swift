import Recipes
import Testing

/// Names of other programs, and what is said about names that are like none.
@Suite struct FamiliarNamesTests {
  @Test(arguments: [
    ("lr", "train.learning_rate"), ("train.lr", "train.learning_rate"),
    ("optim.LR", "train.learning_rate"), ("train.wd", "train.weight_decay"),
    ("batch", "train.batch_size"), ("train.num_workers", "data.loader_threads"),
    ("amp", "train.precision"), ("student.pretrained", "student.backbone_weights"),
    ("max_iters", "train.iterations"), ("model", "student.network"),
    ("optimizer", "train.optimizer"), ("train.optim", "train.optimizer"),
    ("clip_grad", "train.clip_norm"), ("train.ema", "train.average"),
  ])
  func aNameOfAnotherProgramFindsItsKey(name: String, key: String) {
    #expect(refusal("", set: ["\(name)=1"]).hasSuffix("; did you mean \(key)?"))
  }

  @Test(arguments: [
    ("epochs", "train.iterations: an epoch is"), ("train.betas", "train.beta1 and train.beta2"),
    ("data.ignore_index", "data.format says"), ("resume", "the same command goes on"),
    ("data.crop_size", "set data.crop_height and data.crop_width"), ("gpus", "launch/local N"),
    ("train.scheduler", "train.poly_power"), ("train.warmup", "is the length of TFE"),
  ])
  func aNameThatIsNoKeyHereIsExplained(name: String, text: String) {
    let line = refusal("", set: ["\(name)=1"])
    #expect(line.contains(text) && !line.contains("did you mean"), "\(line)")
  }

  /// As in a file, with sections around it.
  @Test func aSectionOfAnotherProgramIsExplainedToo() {
    #expect(refusal("optimizer: {type: SGD, lr: 0.1}").contains("did you mean train.optimizer?"))
  }

  @Test(arguments: [
    "student.freeze_bn", "student.freeze_backbone", "x", "no_sync",
  ])
  func whereNothingIsNearNothingIsSuggested(name: String) {
    #expect(!refusal("", set: ["\(name)=1"]).contains("did you mean"), "\(name)")
  }

  @Test func theTableIsRight() {
    for (name, place) in FamiliarNames.places {
      #expect(name == name.lowercased() && !name.contains("."), "\(name)")
      // A key of this name in another section would be meant.
      #expect(!Key.all.contains { $0.path.split(separator: ".").last == name[...] }, "\(name)")
      switch place {
      case .key(let key): #expect(Key.named[key] != nil, "\(key)")
      case .sentence(let text):
        #expect(!text.hasSuffix(".") && text.count > 20, "\(text)")
        for word in text.split(whereSeparator: { " ,;:".contains($0) }) where word.contains(".") {
          #expect(Key.named[String(word)] != nil, "\(word)")
        }
      }
    }
  }

  @Test(
    arguments: [
      ("chek", "check"), ("trian", "train"), ("evla", "eval"), ("fly", nil), ("", nil),
      ("a very long word that is like nothing here", nil),
    ] as [(String, String?)])
  func nearIsAThirdOfTheWord(word: String, near: String?) {
    #expect(nearest(to: word, among: ["train", "eval", "check", "report"]) == near)
  }
}
