import Pictures
import Testing

private let palette = ClassPalette(
  names: ["road", "car"], colours: [PictureColour(10, 20, 30), PictureColour(40, 50, 60)])

extension Canvas {
  fileprivate func count(_ colour: PictureColour) -> Int {
    (0..<width * height).count { self[$0] == colour }
  }
}

@Suite struct PanelTests {
  @Test func legendBreaksLines() {
    let legend = Legend(palette)
    #expect(legend.entries.map(\.name) == ["road", "car", "ignored"])
    let wide = legend.picture(width: 400)
    let narrow = legend.picture(width: 60)
    #expect(wide.height == 18)
    #expect(narrow.height == 3 * 18)
    for picture in [wide, narrow] {
      for entry in legend.entries { #expect(picture.count(entry.colour) == 9 * 9) }
    }
  }

  @Test(arguments: [(1, 1, 1), (2, 2, 1), (3, 3, 1), (4, 3, 2), (6, 3, 2), (7, 3, 3)])
  func tilesStandInRows(count: Int, across: Int, down: Int) {
    let tiles = (0..<count).map {
      Panel.Tile("t\($0)", Canvas(width: 8, height: 4, fill: PictureColour(0, 0, UInt8(100 + $0))))
    }
    let picture = Panel(title: "", tiles: tiles).picture(tileWidth: 20)
    // Enlarged by 3, gaps of 6, captions of 17 rows.
    #expect(picture.width == across * 24 + (across + 1) * 6)
    #expect(picture.height == 6 + down * (17 + 12 + 6))
    for index in 0..<count {
      #expect(picture.count(PictureColour(0, 0, UInt8(100 + index))) == 24 * 12)
      let x = 6 + index % 3 * 30
      let y = 6 + index / 3 * 35 + 17
      #expect(picture[x, y] == PictureColour(0, 0, UInt8(100 + index)))
    }
  }

  @Test func panelWithoutLabelsLeavesThemOut() {
    var panel = DifficultyPanel(
      title: "", photo: Canvas(width: 2, height: 1, fill: .black), labels: nil, palette: palette)
    panel.teacher = [0, 1]
    #expect(panel.tiles.map(\.caption) == ["photo", "teacher"])
  }

  /// Of a run that trains a teacher, what learns is nobody's student.
  @Test func aNetworkWithoutTeacherIsNoStudent() {
    var panel = DifficultyPanel(
      title: "", photo: Canvas(width: 2, height: 1, fill: .black), labels: [0, 1], palette: palette)
    panel.student = [0, 0]
    #expect(panel.tiles.map(\.caption) == ["photo", "labels", "prediction: 50.0% right"])
  }

  @Test func difficultyPanelHasATileForEachPart() {
    let labels: [UInt8] = [0, 1, 255, 0]
    var panel = DifficultyPanel(
      title: "a", photo: Canvas(width: 4, height: 1, fill: .black), labels: labels,
      palette: palette)
    #expect(panel.tiles.map(\.caption) == ["photo", "labels"])
    panel.teacher = [0, 1, 1, 0]
    panel.student = [0, 0, 1, 0]
    panel.weights = [1, 0.5, 0, 1]
    panel.hard = ([true, false, false, true], [false, true, false, true])
    #expect(
      panel.tiles.map(\.caption) == [
        "photo", "labels", "teacher: 100.0% right", "student: 66.7% right", "TFE weight exp(-KL)",
        "TSE: hard for",
      ])
    let selection = panel.tiles[5].picture
    #expect(
      (0..<4).map { selection[$0] } == [
        DifficultyPanel.teacherOnly, DifficultyPanel.studentOnly, .black, DifficultyPanel.both,
      ])
    guard case .legend(let legend) = panel.tiles[5].key else {
      Issue.record("no legend")
      return
    }
    #expect(
      legend.entries.map(\.name) == ["student only 25.0%", "teacher only 25.0%", "both 25.0%"])
    // The colours of the masks are on the panel as pixels and as swatches.
    let picture = panel.picture(tileWidth: 240)
    for colour in [DifficultyPanel.teacherOnly, DifficultyPanel.studentOnly, DifficultyPanel.both] {
      #expect(picture.count(colour) == 60 * 60 + 9 * 9)
    }
  }

  /// A picture costs in proportion to its pixels, however thin it is.
  @Test(arguments: [(1, 3000), (3000, 1), (1, 1), (1, 8), (2, 700), (64, 128), (96, 64)])
  func thinTilesStaySmall(width: Int, height: Int) {
    let tiles = (0..<6).map {
      Panel.Tile("t\($0)", Canvas(width: width, height: height), key: .scale(ColourScale()))
    }
    let picture = Panel(title: "thin", tiles: tiles, legend: Legend(palette)).picture()
    let (wide, tall) = (max(width, 420 + width), max(height, 840))
    #expect(picture.width <= 3 * wide + 4 * 18 && picture.height <= 2 * (tall + 200) + 100)
    #expect(picture.width * picture.height <= 4_000_000)
  }

  @Test(arguments: [(8192, 8192, 6, 3), (8192, 8192, 1, 1), (2048, 1024, 6, 1), (1, 8192, 6, 1)])
  func hugeTilesAreThinned(width: Int, height: Int, count: Int, stride: Int) {
    let zoom = Zoom(width: width, height: height, count: count, tileWidth: 420)
    #expect(zoom.factor == 1 && zoom.stride == stride)
  }

  @Test func thinningKeepsEveryFewPixels() {
    let canvas = Canvas(width: 5, height: 3) { PictureColour(UInt8($0), 0, 0) }
    let thin = canvas.thinned(by: 2)
    #expect(thin.width == 3 && thin.height == 2)
    #expect((0..<6).map { thin[$0].red } == [0, 2, 4, 10, 12, 14])
  }
}

@Suite struct BesidePanelTests {
  private let palette = ClassPalette(
    names: ["road", "sky"], colours: [PictureColour(9, 9, 9), PictureColour(200, 0, 0)])

  private func panel(_ first: [UInt8], _ second: [UInt8]) -> BesidePanel {
    BesidePanel(
      title: "one", photo: Canvas(width: 5, height: 1, fill: .black), labels: [0, 0, 1, 1, 255],
      palette: palette, first: .init("a", first), second: .init("b", second))
  }

  /// Pixels that both have right, that both have wrong and that are ignored have no colour.
  @Test func pixelsThatOneHasRightAreMarked() {
    let tiles = panel([0, 1, 1, 0, 0], [0, 0, 0, 0, 1]).tiles
    let dark = Canvas(width: 1, height: 1, fill: .black).marked([])[0]
    #expect(
      tiles.map(\.caption) == [
        "photo", "labels", "a: 50.0% right", "b: 50.0% right", "only one is right",
      ])
    #expect(
      (0..<5).map { tiles[4].picture[$0] }
        == [dark, BesidePanel.secondOnly, BesidePanel.firstOnly, dark, dark])
    guard case .legend(let legend) = tiles[4].key else {
      Issue.record("no legend")
      return
    }
    #expect(legend.entries.map(\.name) == ["only a 25.0%", "only b 25.0%"])
  }

  @Test func theGainIsThatOfTheSecond() {
    #expect(panel([0, 1, 1, 0, 0], [0, 0, 1, 0, 0]).gain == 0.25)
    #expect(panel([0, 0, 1, 1, 0], [0, 1, 0, 1, 0]).gain == -0.5)
  }
}
