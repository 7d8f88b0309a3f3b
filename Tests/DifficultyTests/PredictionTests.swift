import Difficulty
import TestSupport
import Testing

/// Predictions and maps against the golden files.
@Suite struct PredictionTests {
  @Test func metric() throws {
    let fixture = try GoldenFile("metric")
    var matrix = ConfusionMatrix(classCount: 19)
    for image in 0..<3 {
      let shape = fixture.shape("in.\(image).logits_low")
      let size = fixture.shape("in.\(image).target")
      let logits: [Float] = fixture.values("in.\(image).logits_low")
      let expected: [UInt8] = fixture.values("out.\(image).argmax")
      for threads in [1, 2] {
        let predictions = Prediction.argmax(
          logits, classCount: shape[1], lowHeight: shape[2], lowWidth: shape[3], height: size[1],
          width: size[2], threadCount: threads)
        #expect(predictions == expected)
      }
      matrix.add(labels: fixture.labels("in.\(image).target"), predictions: expected)
    }
    #expect(matrix.counts == fixture.values("out.confusion"))
    let iou: [Double] = fixture.values("out.iou")
    for (found, reference) in zip(matrix.intersectionOverUnion, iou) {
      #expect(abs((found ?? 0) - reference) < 1e-12)
    }
    let all = fixture.scalar("out.miou_official_absent_is_zero")
    #expect(relativeError(matrix.meanIntersectionOverUnion, all) < 1e-12)
    #expect(
      relativeError(matrix.meanOverPresentClasses, fixture.scalar("out.miou_present_only")) < 1e-12)
    #expect(relativeError(matrix.pixelAccuracy, fixture.scalar("out.pixacc_correct")) < 1e-12)
  }

  @Test func firstMaximumWins() {
    let logits: [Float] = [1, 2, 1, 2, 1, 2]
    let predictions = Prediction.argmax(
      logits, classCount: 3, lowHeight: 1, lowWidth: 2, height: 2, width: 17)
    #expect(predictions.allSatisfy { $0 == 0 })
  }

  @Test(arguments: ["tfe", "tfe_b1", "tfe_c11"])
  func weightMap(_ name: String) throws {
    let fixture = try GoldenFile(name)
    let expected: [Float] = fixture.values("out.weight_up")
    let found = Batch(fixture).maps(DifficultyOptions()).weight ?? []
    #expect(relativeError(found, expected) < 1e-6)
  }

  @Test(arguments: GoldenTests.masked)
  func masks(_ name: String) throws {
    let fixture = try GoldenFile(name)
    let maps = Batch(fixture).maps(DifficultyOptions(fixture))
    for (found, output) in zip(maps.hard, ["s_main", "t_main", "s_aux", "t_aux"]) {
      #expect(found == fixture.values("out.mask_\(output)"), "\(output)")
    }
  }
}
