import Datasets
import Difficulty
import Foundation
import Recipes
import Runs
import Testing

/// What a validation leaves in metrics.jsonl.
@Suite struct ValidationLineTests {
  private func line(at iteration: Int?) throws -> ValidationLine {
    var matrix = ConfusionMatrix(classCount: 2)
    matrix.add(labels: [0, 0, 0, 1, 255], predictions: [0, 0, 1, 1, 0])
    var recipe = Recipe()
    recipe.train.iterations = 20
    return ValidationLine(
      matrix, recipe, classes: ClassList(count: 2), iteration: iteration, images: 1, seconds: 1)
  }

  /// Pixels `[label][prediction]` of the last weights of a run, and of a file of weights.
  @Test func theLastMeasurementTellsItsPixels() throws {
    #expect(try line(at: 10).confusion == nil)
    for iteration in [20, nil] {
      #expect(try line(at: iteration).confusion == [[2, 1], [0, 1]])
    }
  }

  @Test func linesOfEarlierVersionsAreRead() throws {
    var line = try line(at: 20)
    line.validationData = "contents:1"
    let object = try JSONSerialization.jsonObject(with: Data(line.json.utf8))
    var keys = try #require(object as? [String: Any])
    #expect(keys["validation_data"] as? String == "contents:1")
    #expect(keys["confusion"] as? [[Int]] == [[2, 1], [0, 1]])
    keys["validation_data"] = nil
    keys["confusion"] = nil
    let earlier = try JSONDecoder().decode(
      ValidationLine.self, from: JSONSerialization.data(withJSONObject: keys))
    #expect(earlier.confusion == nil && earlier.validationData == nil)
    #expect(earlier.meanIoU == line.meanIoU)
  }
}
