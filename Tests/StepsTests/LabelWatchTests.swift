import Datasets
import Recipes
import Steps
import Testing

/// Batches without a labelled pixel.
@Suite struct LabelWatchTests {
  private func watch(limit: Int, iterations: Int = 1000, inARow: Int = 0) -> LabelWatch {
    var recipe = Recipe()
    recipe.data.format = .cityscapes
    recipe.train.nothingLimit = limit
    recipe.train.iterations = iterations
    return LabelWatch(recipe, inARow: inARow)
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

  /// The iteration at which a watch ends a run whose batches from `first` on have these pixels.
  private func end(_ watch: LabelWatch, _ pixels: [Int64], from first: Int = 1) -> Int? {
    var watch = watch
    for (offset, pixels) in pixels.enumerated() {
      let iteration = first + offset
      do {
        _ = try watch.note(validPixels: pixels, iteration: iteration, isLogged: false)
      } catch {
        return iteration
      }
    }
    return nil
  }

  /// A run that is shorter than the limit, and has learned nothing from labels, is no success.
  @Test func aWholeRunOfNothingEndsWithIt() throws {
    #expect(end(watch(limit: 100, iterations: 20), Array(repeating: 0, count: 20)) == 20)
    #expect(end(watch(limit: 100, iterations: 1), [0]) == 1)
    #expect(end(watch(limit: 0, iterations: 20), Array(repeating: 0, count: 20)) == nil)
    for labelled in [0, 10, 19] {
      let pixels = (0..<20).map { $0 == labelled ? Int64(1) : 0 }
      #expect(end(watch(limit: 100, iterations: 20), pixels) == nil, "batch \(labelled)")
    }
    var short = watch(limit: 100, iterations: 2)
    _ = try short.note(validPixels: 0, iteration: 1, isLogged: false)
    let error = #expect(throws: TrainingError.self) {
      try short.note(validPixels: 0, iteration: 2, isLogged: false)
    }
    #expect(error?.code == .badData)
    #expect(
      error?.description.hasPrefix(
        "labels: iteration 2: found no labelled pixel in any batch of the run (2 iterations); ")
        == true)
  }

  @Test func aResumeCountsOn() {
    let nothing = [Int64](repeating: 0, count: 50)
    #expect(end(watch(limit: 100, iterations: 130, inARow: 80), nothing, from: 81) == 100)
    #expect(end(watch(limit: 100, iterations: 40, inARow: 20), nothing, from: 21) == 40)
    // One batch with labels, and the count begins anew.
    #expect(end(watch(limit: 60, iterations: 130, inARow: 59), [1] + nothing, from: 60) == nil)
  }

  /// Labels can name 254 classes; RecipeErrorTests holds that recipes allow as many.
  @Test func labelsCanName254Classes() {
    #expect(ClassList(count: ClassList.maximumCount).count == 254)
  }
}
