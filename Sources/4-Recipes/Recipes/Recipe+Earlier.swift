import Datasets

/// Keys whose values nobody wrote. Recipes with the same values are equal, whoever wrote them.
struct DerivedKeys: Sendable, Equatable {
  /// The names of the keys.
  var paths: Set<String> = []

  static func == (a: DerivedKeys, b: DerivedKeys) -> Bool { true }
}

extension Recipe {
  /// What the warm-up was in earlier versions where no recipe said it, however long the run.
  private static let earlierWarmup = 4000

  /// This recipe with the defaults of earlier versions, where a run was begun with them.
  ///
  /// A run that goes on computes what it was begun with, though the program has other defaults now: 4000
  /// iterations of warm-up in a run of any length, and the class weights of Cityscapes for 19 classes of
  /// any data set. A key that this recipe says is left as it is.
  ///
  /// - Parameter begun: the resolved recipe in the run's folder, which says every key.
  package func goingOn(with begun: Recipe) -> Recipe {
    var recipe = self
    if derived.paths.contains("distill.warmup_iterations"),
      begun.distill.warmup == Self.earlierWarmup
    {
      recipe.distill.warmup = Self.earlierWarmup
    }
    if derived.paths.contains("distill.class_weights"),
      case .published(let format) = begun.distill.classWeights,
      format.card.classWeights?.count == data.classCount
    {
      recipe.distill.classWeights = .published(format)
    }
    return recipe
  }
}
