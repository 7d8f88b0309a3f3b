import Recipes
import Runs

/// Whether the scores of two runs are of the same thing.
extension RunRecord {
  /// Why the scores of two runs say nothing about each other, in words; empty if they may be compared.
  ///
  /// Lines of this version tell which images and labels were measured; of earlier ones their number,
  /// the classes and the recipes' keys have to do.
  func obstacles(to other: RunRecord) -> [String] {
    var found: [String] = []
    if last.classNames != other.last.classNames { found.append("other classes") }
    if last.images != other.last.images {
      found.append("\(last.images) and \(other.last.images) validation images")
    }
    let isSameData = last.hasSameData(as: other.last)
    if isSameData == false, last.images == other.last.images {
      found.append("other validation images or labels")
    }
    if last.definition != other.last.definition {
      found.append("the mean over \(last.classesInWords) and over \(other.last.classesInWords)")
    }
    guard found.isEmpty else { return found }
    let ofFiles = isSameData == true ? ["data.kind", "data.validation_list"] : []
    let known = Self.keysOfLines + ofFiles
    return recipe.differingKeys(from: other.recipe).filter { key in
      Self.measures(key) && !known.contains(key) && (recipe.uses(key) || other.recipe.uses(key))
    }.map { "other \($0)" }
  }

  /// Keys whose effect on a measurement its line tells by itself.
  private static let keysOfLines = [
    "data.num_classes", "data.scenes.validation_count", "evaluation.mean_iou",
  ]

  /// Whether a key says what is measured, or how.
  private static func measures(_ key: String) -> Bool {
    let ofTraining = [
      "data.train_list", "data.crop_height", "data.crop_width", "data.augment", "data.shuffle",
      "data.scenes.train_count",
    ]
    return (key.hasPrefix("data.") || key.hasPrefix("evaluation."))
      && !key.hasPrefix("data.class_") && !ofTraining.contains(key)
      && Key.named[key]?.effect != .nothing
  }
}

extension ValidationLine {
  /// Whether two measurements were on the same images and labels; nil where the lines do not tell, or
  /// in different ways. Scenes that the program draws have no files: the recipe tells of them.
  fileprivate func hasSameData(as other: ValidationLine) -> Bool? {
    guard let mine = validationData, let theirs = other.validationData else { return nil }
    func way(_ data: String) -> Substring { data.prefix { $0 != ":" } }
    guard way(mine) == way(theirs), way(mine) != "made" else { return nil }
    return mine == theirs
  }

  fileprivate var classesInWords: String {
    definition == "all_classes" ? "all classes" : "those that occur"
  }
}
