import DataParallel
import Datasets
import Difficulty
import ImageIO
import Networks
import Scenes
import Torch

// Words of recipes that are types of the modules that act on them: their raw values are what a recipe
// says.

extension Architecture: RecipeChoice {}
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
