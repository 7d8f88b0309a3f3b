import Files
import ImageIO
import Networks
import Recipes
import Runs
import Steps
import TestSupport
import Testing
import Torch

/// Classes of whole photos.
@Suite struct PredictorTests {
  private static func recipe() -> Recipe {
    var recipe = Recipe()
    recipe.data.classCount = 4
    return recipe
  }

  private static func network() -> SegmentationNetwork {
    SegmentationNetwork("deeplab_mobile", classCount: 4, start: Initialisation(seed: 5))
  }

  private static func photo(_ width: Int, _ height: Int, mirrored: Bool = false) -> RGBImage {
    let pixels = (0..<3 * width * height).map { place -> UInt8 in
      let (y, x, channel) = (place / 3 / width, place / 3 % width, place % 3)
      let column = mirrored ? width - 1 - x : x
      return UInt8((y / 5 * 61 + column / 7 * (83 + channel * 40)) % 256)
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  @Test(arguments: [[1.0], [0.5, 1.25]])
  func aPhotoHasTheSameClassesAloneAndAmongOthers(scales: [Double]) throws {
    let predictor = Predictor(Self.network(), Self.recipe(), scales: scales)
    let photos = [Self.photo(40, 33), Self.photo(40, 33, mirrored: true), Self.photo(40, 33)]
    let answers = try predictor.answers(photos)
    #expect(answers.count == 3 && answers.allSatisfy(\.isFinite))
    #expect(answers[0].classes.width == 40 && answers[0].classes.height == 33)
    #expect(answers[0].classes.pixels.allSatisfy { $0 < 4 })
    #expect(answers[0].classes.pixels == answers[2].classes.pixels)
    #expect(try predictor.answers([photos[1]])[0].classes.pixels == answers[1].classes.pixels)
  }

  /// With mirrored images averaged in, the classes of a mirrored photo are the mirrored classes.
  @Test func flippingMakesNoSideSpecial() throws {
    let predictor = Predictor(Self.network(), Self.recipe(), flip: true)
    let plain = try predictor.answers([Self.photo(41, 33)])[0].classes
    let mirrored = try predictor.answers([Self.photo(41, 33, mirrored: true)])[0].classes
    let agreeing = (0..<33).reduce(0) { count, y in
      let start = 41 * y
      return count
        + (0..<41).count { plain.pixels[start + $0] == mirrored.pixels[start + 40 - $0] }
    }
    // Sums of two logits, in another order: a tie may fall otherwise.
    #expect(agreeing >= 33 * 41 - 4)
  }

  @Test func answersOfNumbersThatAreNoneAreTold() throws {
    let network = Self.network()
    Autograd.withoutHistory {
      network.state["head.block.4.bias"]?.copy(from: Tensor([Float.nan, 0, 0, 0], [4]))
    }
    #expect(try !Predictor(network, Self.recipe()).answers([Self.photo(40, 33)])[0].isFinite)
  }

  /// A graph that cannot take a photo says so before any of it runs.
  @Test func sizesThatAGraphDoesNotTakeAreRefused() throws {
    let network = try SegmentationNetwork(
      graphAt: Repository.fixture("onnx/vit.onnx"), size: Pair(64, 96))
    let predictor = Predictor(network, Self.recipe())
    #expect(try predictor.answers([Self.photo(96, 64)])[0].isFinite)
    let error = #expect(throws: FileError.self) { try predictor.answers([Self.photo(4, 4)]) }
    #expect(error?.exitCode == 65)
    // Pictures of a run leave out what the teacher cannot see, where its graph is of one size.
    let artist = DifficultyArtist(
      Self.recipe(), student: Self.network(), teacher: Teacher(network, Self.recipe()),
      threadCount: 1)
    #expect(throws: FileError.self) {
      try artist.panel(title: "small", photo: Self.photo(4, 4), labels: nil)
    }
  }
}
