import Datasets
import Recipes
import Testing
import Training

/// Batches without a labelled pixel.
@Suite struct LabelWatchTests {
  private func watch(limit: Int) -> LabelWatch {
    var recipe = Recipe()
    recipe.data.format = .cityscapes
    recipe.train.nothingLimit = limit
    return LabelWatch(recipe)
  }

  @Test func warnsAtOnceAndThenWithTheLogLines() throws {
    var watch = watch(limit: 0)
    var warnings: [Int: String] = [:]
    for iteration in 1...20 {
      warnings[iteration] = try watch.note(
        validPixels: iteration < 4 || iteration > 12 ? 7 : 0, iteration: iteration,
        isLogged: iteration.isMultiple(of: 5))
    }
    #expect(warnings.keys.sorted() == [4, 5, 10, 15])
    let advice =
      "; look at data.format (found cityscapes) and at the label files of data.train_list"
    #expect(warnings[4] == "labels: iteration 4: no labelled pixel in the batch" + advice)
    let later = "of the batches since the last warning"
    #expect(warnings[10] == "labels: iteration 10: no labelled pixel in 5 \(later)" + advice)
    #expect(warnings[15] == "labels: iteration 15: no labelled pixel in 2 \(later)" + advice)
  }

  @Test func endsAfterTheLimitInARow() throws {
    var watch = watch(limit: 3)
    for (iteration, pixels) in [0, 0, 1, 0, 0].enumerated() {
      _ = try watch.note(validPixels: Int64(pixels), iteration: iteration, isLogged: false)
    }
    let error = #expect(throws: TrainingError.self) {
      try watch.note(validPixels: 0, iteration: 6, isLogged: false)
    }
    #expect(error?.code == .badData)
    #expect(
      error?.description
        == "labels: iteration 6: found no labelled pixel in 3 batches in a row; expected some; look at "
        + "data.format (found cityscapes) and at the label files of data.train_list; "
        + "train.nothing_limit=0 trains on without")
  }

  /// The table of keys allows as many classes as labels can name.
  @Test func recipesAllowWhatLabelsCanName() {
    #expect(Recipe.maximumClassCount == ClassList.maximumCount)
    #expect(ClassList(count: Recipe.maximumClassCount).count == 254)
  }
}
