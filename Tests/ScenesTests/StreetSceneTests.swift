import Randomness
import Scenes
import Testing

private func hash(_ bytes: [UInt8]) -> UInt64 { Fingerprint(bytes).value }

private func scene(
  _ index: Int, part: StreetScene.Part = .training, width: Int = 128, height: Int = 64
) -> StreetScene {
  StreetScene(seed: 7, part: part, index: index, width: width, height: height)
}

@Suite struct StreetSceneTests {
  /// The same bits on every machine: a change of these values is a change of every experiment.
  @Test(
    arguments: [
      (0, StreetScene.Part.training, 13_697_208_891_622_567_201, 12_147_159_423_463_086_188),
      (1, .training, 13_066_445_871_485_064_023, 12_267_280_139_151_574_411),
      (0, .validation, 6_344_176_710_080_461_580, 1_916_008_097_462_716_976),
    ] as [(Int, StreetScene.Part, UInt64, UInt64)])
  func hasTheSameBits(
    index: Int, part: StreetScene.Part, pixels: UInt64, labels: UInt64
  ) {
    let drawn = scene(index, part: part, width: 256, height: 128)
    #expect(hash(drawn.pixels) == pixels)
    #expect(hash(drawn.labels) == labels)
  }

  @Test func dependsOnSeedPartAndIndexOnly() {
    let first = scene(3)
    _ = scene(4)
    #expect(scene(3).pixels == first.pixels)
    #expect(scene(4).pixels != first.pixels)
    #expect(scene(3, part: .validation).pixels != first.pixels)
    let other = StreetScene(seed: 8, part: .training, index: 3, width: 128, height: 64)
    #expect(other.pixels != first.pixels)
  }

  @Test(arguments: [(1, 1), (1, 9), (9, 1), (7, 5), (64, 64), (129, 65), (100, 201), (255, 127)])
  func hasAnySize(width: Int, height: Int) {
    for index in 0..<4 {
      let drawn = scene(index, width: width, height: height)
      #expect(drawn.pixels.count == width * height * 3)
      #expect(drawn.labels.count == width * height)
      #expect(drawn.labels.allSatisfy { StreetClass(rawValue: $0) != nil || $0 == 255 })
    }
  }

  /// The plan does not depend on the size: twice the size shows the same street.
  @Test func looksTheSameAtTwiceTheSize() {
    for index in 0..<5 {
      let small = scene(index, width: 96, height: 48)
      let large = scene(index, width: 192, height: 96)
      var agreeing = 0
      for y in 0..<48 {
        for x in 0..<96 where small.labels[y * 96 + x] == large.labels[y * 2 * 192 + x * 2] {
          agreeing += 1
        }
      }
      #expect(agreeing > 96 * 48 * 85 / 100, "scene \(index): \(agreeing)")
    }
  }

  @Test func setsDrawTheirScenes() {
    let set = SceneSet(seed: 7, part: .validation, count: 3, width: 40, height: 20)
    #expect(set.image(2).pixels == scene(2, part: .validation, width: 40, height: 20).pixels)
  }

  /// The labels of the large classes are their places in the list; all else is ignored.
  @Test func largeClassesLeaveThinThingsOut() {
    let all = SceneSet(seed: 7, part: .training, count: 8, width: 128, height: 64)
    let large = SceneSet(
      seed: 7, part: .training, count: 8, width: 128, height: 64, told: .large)
    #expect(
      large.classes.names == ["road", "pavement", "building", "vegetation", "sky", "car"])
    var (left, wrong) = (Set<String>(), 0)
    for index in 0..<8 {
      let (whole, part) = (all.sample(index), large.sample(index))
      #expect(whole.image.pixels == part.image.pixels)
      for (label, kept) in zip(whole.labels.pixels, part.labels.pixels) {
        guard label != 255 else {
          wrong += kept == 255 ? 0 : 1
          continue
        }
        let name = all.classes.names[Int(label)]
        if kept == 255 {
          left.insert(name)
        } else if large.classes.names[Int(kept)] != name {
          wrong += 1
        }
      }
    }
    #expect(wrong == 0)
    #expect(!left.isEmpty && left.isSubset(of: ["fence", "pole", "sign", "person", "rider"]))
  }
}

@Suite struct StreetClassTests {
  @Test func namesAndColoursAreDistinct() {
    #expect(Set(StreetClass.allCases.map(\.name)).count == 11)
    let colours = StreetClass.allCases.map { "\($0.colour)" }
    #expect(Set(colours).count == 11)
  }
}
