import Scenes
import Testing

/// What scenes hold on the whole.
@Suite struct StreetStatisticsTests {
  @Test func everyClassAppearsSensiblyOften() {
    let count = 200
    let pixels = count * 128 * 64
    var pixelsOf = [Int](repeating: 0, count: 256)
    var scenesWith = pixelsOf
    for index in 0..<count {
      let drawn = StreetScene(seed: 11, part: .training, index: index, width: 128, height: 64)
      var own = [Int](repeating: 0, count: 256)
      for label in drawn.labels { own[Int(label)] += 1 }
      for label in 0..<256 where own[label] > 0 {
        pixelsOf[label] += own[label]
        scenesWith[label] += 1
      }
    }
    /// Shares of pixels, in percent, that a class may have.
    let bounds: [StreetClass: ClosedRange<Double>] = [
      .road: 25...40, .pavement: 5...15, .building: 18...32, .fence: 0.7...4, .pole: 0.5...2,
      .sign: 0.4...2, .vegetation: 6...16, .sky: 8...18, .person: 0.7...3, .rider: 0.3...2,
      .car: 3...10,
    ]
    for (streetClass, bound) in bounds {
      let share = 100 * Double(pixelsOf[Int(streetClass.rawValue)]) / Double(pixels)
      #expect(bound.contains(share), "\(streetClass): \(share) % of all pixels")
      #expect(scenesWith[Int(streetClass.rawValue)] > count / 2, "\(streetClass)")
    }
    let ignored = 100 * Double(pixelsOf[255]) / Double(pixels)
    #expect((0.5...5).contains(ignored), "ignored: \(ignored) %")
    #expect(scenesWith[255] < count)
  }

  /// A table from colour to the most frequent class must fail often: scenes need context.
  @Test func colourAloneDoesNotTellTheClass() {
    var table = [Int](repeating: 0, count: 4096 * 11)
    func visit(_ part: StreetScene.Part, _ count: Int, _ body: (Int, Int) -> Void) {
      for index in 0..<count {
        let drawn = StreetScene(seed: 5, part: part, index: index, width: 128, height: 64)
        for (pixel, label) in drawn.labels.enumerated() where label != 255 {
          let colour = (0..<3).reduce(0) { $0 * 16 + Int(drawn.pixels[pixel * 3 + $1]) / 16 }
          body(colour, Int(label))
        }
      }
    }
    visit(.training, 100) { table[$0 * 11 + $1] += 1 }
    let guess = (0..<4096).map { colour in
      (0..<11).max { table[colour * 11 + $0] < table[colour * 11 + $1] } ?? 0
    }
    var (right, all) = (0, 0)
    visit(.validation, 40) { colour, label in
      all += 1
      right += guess[colour] == label ? 1 : 0
    }
    let share = Double(right) / Double(all)
    #expect((0.35...0.75).contains(share), "\(share) right by colour alone")
  }
}
