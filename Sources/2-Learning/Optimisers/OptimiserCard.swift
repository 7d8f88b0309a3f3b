/// What recipes, checkpoints and estimates know of an optimiser.
package struct OptimiserCard: Sendable {
  /// Its name in recipes and checkpoints.
  package let name: OptimiserName
  /// Its name in text.
  package let title: String
  /// The keys of recipes that have an effect with it alone.
  package let keys: [String]
  /// What it keeps of each element, as tensors' names in checkpoints begin. The first is an average of
  /// gradients: the grid of exact sums follows from it.
  package let states: [String]
  /// Whether its steps depend on how many there were.
  package let countsUpdates: Bool
}

/// The optimisers, by what recipes call them.
package enum OptimiserName: String, CaseIterable, Sendable {
  /// Stochastic gradient descent with momentum.
  case sgd
  /// Adam with decoupled weight decay.
  case adamw

  /// What is known of it.
  package var card: OptimiserCard {
    switch self {
    case .sgd: SGD.card
    case .adamw: AdamW.card
    }
  }
}
