import DataParallel
import Datasets
import Difficulty
import ImageIO
import Networks
import Scenes
import Torch

// Words of recipes that are types of the modules that act on them: their raw values are what a recipe
// says.

extension Device.Kind: RecipeChoice {}
extension DifficultyOptions.Confidence: RecipeChoice {}
extension DifficultyOptions.Divergence: RecipeChoice {}
extension DifficultyOptions.Mask: RecipeChoice {}
extension DifficultyOptions.Reduction: RecipeChoice {}
extension DifficultyOptions.Statistics: RecipeChoice {}
extension DifficultyOptions.Weighting: RecipeChoice {}
extension GradientWire: RecipeChoice {}
extension InstructionSet: RecipeChoice {}
extension LabelFormat: RecipeChoice {}
extension Precision: RecipeChoice {}
extension SceneClasses: RecipeChoice {}
extension TaskLoss.Engine: RecipeChoice {}
extension Turning: RecipeChoice {}

// The networks of the zoo are words; a graph is a path.
extension Architecture: RecipeChoice {
  static let expected = choices.joined(separator: ", ") + " or the path of an ONNX file"

  init?(_ written: Written) {
    guard let text = written.text else { return nil }
    if let known = Architecture(rawValue: text) {
      self = known
    } else if String(written) != nil, text.lowercased().hasSuffix(".onnx") {
      self = .graph(absolutePath(text, from: written.place.folder))
    } else {
      return nil
    }
  }

  var yaml: String { graphPath?.yaml ?? rawValue }
}
