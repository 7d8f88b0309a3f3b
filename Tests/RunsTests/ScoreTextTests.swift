import Datasets
import Difficulty
import Foundation
import Recipes
import Runs
import Testing

/// Scores as people and programs read them.
@Suite struct ScoreTextTests {
  /// Of four classes the first is half right, the second never found, the third right, the last absent.
  private func scores(_ recipe: Recipe = Recipe()) -> ValidationLine {
    var matrix = ConfusionMatrix(classCount: 4)
    matrix.add(labels: [0, 0, 1, 2, 255], predictions: [0, 2, 0, 2, 3])
    let classes = ClassList(
      names: ["road", "pole, thin", "sky \"blue\"", "train"],
      colours: ClassList(count: 4).colours)
    return ValidationLine(
      matrix, recipe, classes: classes, iteration: nil, images: 2, seconds: 1)
  }

  @Test func theTableHasAHeadAndAWordAboutClassesAtNought() {
    let lines = scores().table.split(separator: "\n")
    #expect(lines[0].hasPrefix("class ") && lines[0].hasSuffix(" IoU %"))
    #expect(lines[1].hasSuffix(" 33.33") && lines[2].hasSuffix("  0.00"))
    #expect(lines[4].hasSuffix("  -"))
    #expect(Set(lines[0...4].map(\.count)).count == 1)
    #expect(
      lines[6].hasPrefix("mIoU 20.83 % (all 4 classes), pixel ")
        && lines[6].hasSuffix(" over 2 images"))
    #expect(lines[7].hasPrefix("1 of 4 classes at 0: pole, thin: no pixel of them is found"))
    #expect(lines[8].hasSuffix("neither in labels nor predicted: train") && lines.count == 9)
  }

  @Test func aTableOfLearnedClassesSaysNoMore() {
    var matrix = ConfusionMatrix(classCount: 2)
    matrix.add(labels: [0, 1], predictions: [0, 1])
    let line = ValidationLine(
      matrix, Recipe(), classes: ClassList(count: 2), iteration: 3, images: 1, seconds: 1)
    #expect(line.table.split(separator: "\n").count == 5)
  }

  @Test func theMeanIsTold() throws {
    #expect(scores().meaning == "over 4 classes, of which absent ones count as 0")
    let present = try Recipe.decode(
      yaml: "teacher: {from_seed: true}", file: "recipe.yaml",
      overrides: ["evaluation.mean_iou=present_classes"])
    let other = scores(present)
    #expect(other.meaning == "over the classes that occur")
    #expect(other.summary.hasPrefix("mIoU 27.78 % (the classes that occur), "), "\(other.summary)")
  }

  @Test func tablesForPrograms() throws {
    #expect(
      scores().csv == """
        class,iou
        road,0.3333333333333333
        "pole, thin",0.0
        "sky ""blue""\",0.5
        train,
        """)
    let object = try JSONSerialization.jsonObject(with: Data(scores().json.utf8))
    let values = try #require(object as? [String: Any])
    let confusion = [[1, 0, 1, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    #expect(values["confusion"] as? [[Int]] == confusion)
    #expect(values["images"] as? Int == 2 && (values["class_iou"] as? [Any])?.count == 4)
  }
}
