import Datasets
import Networks
import Recipes
import Testing

@Suite("Recipes that are drafted for found images")
struct RecipeDraftTests {
  private func draft(
    _ imageCount: Int = 367, _ smallest: (Int, Int) = (360, 480),
    _ format: LabelFormat = .trainIDs
  ) -> RecipeDraft {
    RecipeDraft(
      root: "/data/my streets", lists: ("/lists/train.txt", "val.txt"), imageCount: imageCount,
      format: format, classCount: format.card.classes?.count ?? 7, smallest: smallest)
  }

  @Test("A draft is a recipe that says what it was made of")
  func decodes() throws {
    var draft = draft()
    draft.remarks = ["three: [lines]", "", "with # and\n\u{1B} in them"]
    draft.lacksClasses = true
    draft.student = "psp_mobile"
    let recipe = try decode(draft.yaml)
    #expect(recipe.data.kind == .list && recipe.data.root == "/data/my streets")
    #expect(recipe.data.trainList == "/lists/train.txt" && recipe.data.validationList == "val.txt")
    #expect(recipe.data.format == .trainIDs && recipe.data.classCount == 7)
    #expect(recipe.data.cropHeight == 360 && recipe.data.cropWidth == 480)
    #expect(
      recipe.student.network == "psp_mobile" && recipe.teacher.network == "deeplabv3_resnet50")
    #expect(recipe.teacher.weights == "/recipes/runs/teacher/best.safetensors")
    #expect(recipe.train.iterations == 9100 && recipe.train.batchSize == 8)
    #expect(recipe.train.learningRate == 0.01 && recipe.train.validateEvery == 455)
    #expect(recipe.distill.method == .rdd && recipe.distill.warmupIterations == 910)
    #expect(recipe.evaluation.meanIoU == .presentClasses)
    #expect(draft.yaml.split(separator: "\n").prefix(3).allSatisfy { $0.hasPrefix("#") })
  }

  @Test("A data set's own format brings its classes", arguments: LabelFormat.allCases)
  func formats(_ format: LabelFormat) throws {
    let recipe = try decode(draft(100, (600, 800), format).yaml)
    #expect(recipe.data.format == format)
    #expect(recipe.data.classCount == format.card.classes?.count ?? 7)
    #expect(recipe.evaluation.meanIoU == .allClasses)
  }

  @Test(
    "Whatever folders are called", arguments: ["/#", "/a: b", "/'\"", "/ ", "/\u{E9}\t", "/-x"])
  func names(_ folder: String) throws {
    var draft = draft()
    draft.root = folder
    draft.lists.training = folder + "/train.txt"
    let recipe = try decode(draft.yaml)
    #expect(recipe.data.root == folder && recipe.data.trainList == folder + "/train.txt")
  }

  @Test("Crops are multiples of 8 inside the smallest image, from 32 to 512")
  func crops() {
    func crop(_ height: Int, _ width: Int) -> [Int] {
      let crop = draft(9, (height, width)).crop
      return [crop.height, crop.width]
    }
    #expect(crop(1024, 2048) == [512, 512] && crop(367, 499) == [360, 496])
    #expect(crop(31, 40) == [32, 40] && crop(1, 100) == [32, 96])
  }

  @Test(
    "Few images make small batches and few iterations",
    arguments: [1, 2, 7, 16, 31, 32, 10_000_000])
  func sizes(_ count: Int) throws {
    let draft = draft(count)
    let recipe = try decode(draft.yaml)
    #expect((1000...40_000).contains(recipe.train.iterations))
    #expect((2...8).contains(recipe.train.batchSize))
    #expect(recipe.train.batchSize == 2 || count >= 4 * recipe.train.batchSize)
    #expect(recipe.train.iterations / recipe.train.validateEvery == 20)
  }
}
