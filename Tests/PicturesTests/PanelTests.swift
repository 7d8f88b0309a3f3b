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
    #expect(wide.height == 13)
    #expect(narrow.height == 3 * 13)
    for picture in [wide, narrow] {
      for entry in legend.entries { #expect(picture.count(entry.colour) == 7 * 7) }
    }
  }

  @Test(arguments: [(1, 1, 1), (2, 2, 1), (3, 3, 1), (4, 3, 2), (6, 3, 2), (7, 3, 3)])
  func tilesStandInRows(count: Int, across: Int, down: Int) {
    let tiles = (0..<count).map {
      Panel.Tile("t\($0)", Canvas(width: 8, height: 4, fill: PictureColour(0, 0, UInt8(100 + $0))))
    }
    let picture = Panel(title: "", tiles: tiles).picture(tileWidth: 20)
    // Enlarged by 3, gaps of 6, captions of 12 rows.
    #expect(picture.width == across * 24 + (across + 1) * 6)
    #expect(picture.height == 6 + down * (12 + 12 + 6))
    for index in 0..<count {
      #expect(picture.count(PictureColour(0, 0, UInt8(100 + index))) == 24 * 12)
      let x = 6 + index % 3 * 30
      let y = 6 + index / 3 * 30 + 12
      #expect(picture[x, y] == PictureColour(0, 0, UInt8(100 + index)))
    }
  }

  @Test func panelWithoutLabelsLeavesThemOut() {
    var panel = DifficultyPanel(
      title: "", photo: Canvas(width: 2, height: 1, fill: .black), labels: nil, palette: palette)
    panel.teacher = [0, 1]
    #expect(panel.tiles.map(\.caption) == ["photo", "teacher"])
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
      #expect(picture.count(colour) == 60 * 60 + 7 * 7)
    }
  }
}
