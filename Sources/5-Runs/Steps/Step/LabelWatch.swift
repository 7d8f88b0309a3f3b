import Files
import Recipes

/// Watches for batches without one labelled pixel, of which labels teach nothing.
package struct LabelWatch {
  private let limit: Int
  private let iterations: Int
  private let advice: String
  /// The last batches without a labelled pixel, those before a resume included.
  package private(set) var inARow: Int
  private var sinceWarning = 0
  private var hasWarned = false

  /// A watch over the batches of a recipe, from the start of this process on.
  ///
  /// - Parameters:
  ///   - recipe: the run's.
  ///   - inARow: the last batches before this start of which none had a labelled pixel.
  package init(_ recipe: Recipe, inARow: Int = 0) {
    limit = recipe.train.nothingLimit
    iterations = recipe.train.iterations
    self.inARow = inARow
    advice = recipe.data.labelAdvice("data.train_list")
  }

  /// Takes note of a batch: the first without a labelled pixel is warned about at once, later ones with
  /// the log lines.
  ///
  /// - Parameters:
  ///   - validPixels: labelled pixels of the global batch, so that all ranks decide alike.
  ///   - iteration: the batch's.
  ///   - isLogged: whether the iteration has a log line.
  /// - Returns: what to warn about.
  /// - Throws: `TrainingError` (exit code 65) after `train.nothing_limit` such batches in a row, or at the
  ///   end of a shorter run that had no others.
  package mutating func note(
    validPixels: Int64, iteration: Int, isLogged: Bool
  ) throws(TrainingError) -> String? {
    inARow = validPixels == 0 ? inARow + 1 : 0
    sinceWarning += validPixels == 0 ? 1 : 0
    if limit > 0, inARow >= min(limit, iterations) {
      let batches =
        inARow < iterations
        ? "\(inARow) batches in a row"
        : "any batch of the run (\(counted(iterations, "iteration")))"
      throw TrainingError(
        .badData,
        "labels: iteration \(iteration): found no labelled pixel in \(batches); expected some; "
          + "\(advice); train.nothing_limit=0 trains on without")
    }
    guard sinceWarning > 0, isLogged || !hasWarned else { return nil }
    let batches = hasWarned ? "\(sinceWarning) of the batches since the last warning" : "the batch"
    (hasWarned, sinceWarning) = (true, 0)
    return "labels: iteration \(iteration): no labelled pixel in \(batches); \(advice)"
  }
}

extension Recipe.Data {
  /// Where to look when labels teach nothing, the same words in a run and in its check.
  ///
  /// - Parameter list: the key of the list whose labels they are.
  package func labelAdvice(_ list: String) -> String {
    "look at data.format (found \(format.rawValue)) and at the label files of \(list)"
  }
}
