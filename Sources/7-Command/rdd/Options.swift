import ArgumentParser
import Foundation
import Networks
import Recipes
import Runs

/// The recipe and the keys that the command line sets over it.
struct RecipeOptions: ParsableArguments {
  @Argument(
    help: "The recipe, a YAML file (see launch/recipes), or the folder of a run, for its own.",
    completion: .file(extensions: ["yaml", "yml"]))
  var recipe: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Set a key over the recipe; may be repeated.", valueName: "key=value"),
    completion: .list(Key.all.map { $0.path + "=" }))
  var set: [String] = []

  /// Whether a run's folder stands in the recipe's place.
  private var isRun: Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: recipe, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  /// The recipe's file; of a run's folder that which the run was started with.
  var file: String { isRun ? recipe + "/recipe.yaml" : recipe }

  /// The folder of the recipe's run.
  func runFolder(_ out: String?) -> String {
    if let out { return out }
    return isRun
      ? recipe : "runs/" + URL(fileURLWithPath: recipe).deletingPathExtension().lastPathComponent
  }

  /// The student's weights: what is given, or the best ones of the run's folder.
  ///
  /// - Throws: `ValidationError` if there is neither.
  func weights(_ given: String?) throws -> String {
    if let given { return given }
    guard isRun else {
      throw ValidationError(
        "--weights: found none; expected the student's weights, or a run's folder in place of the "
          + "recipe, whose best.safetensors are taken")
    }
    return recipe + "/best.safetensors"
  }

  /// What the run's folder holds of another run, where it stands in the recipe's place: a line each, about the
  /// recipe and, where none are given, the weights.
  func warnings(_ weights: String?) -> [String] {
    guard isRun else { return [] }
    let origin = RunOrigin(folder: recipe)
    let best = weights == nil ? origin.warning(ofWeights: recipe + "/best.safetensors") : nil
    return [origin.warningOfRecipe(), best].compactMap { $0 }
  }

  /// How that run goes on in whose folder the recipe lies, where another one begins; nil if none does.
  ///
  /// - Parameter out: the run's folder, as it was given.
  func hint(_ out: String?) -> String? {
    guard out == nil, !isRun, let run = RunFiles.run(ofRecipe: recipe, but: runFolder(nil)) else {
      return nil
    }
    return
      "\(recipe) is the recipe of a run, and another run is in \(runFolder(nil)) now; to go on "
      + "with the first one: rdd train \(run)"
  }
}

extension CompletionKind {
  /// Files of weights.
  static let weights = CompletionKind.file(extensions: ["safetensors", "pth", "pt"])
  /// Files of images.
  static let images = CompletionKind.file(extensions: ["png", "jpg", "jpeg", "PNG", "JPG", "JPEG"])
}
