import Foundation
import Reports
import TestSupport
import Testing

/// The page's tables: each number under its own name.
@Suite struct ReportTableTests {
  private typealias Measured = Folders.Measured

  private func page(_ paths: [String]) throws -> String {
    ReportPage(try paths.map { try RunRecord(folder: $0) }).html
  }

  /// Streets and rooms with as many classes: a table each, and no number under another's name.
  @Test func classesOfOtherDataHaveATableOfTheirOwn() throws {
    try withTemporaryFolder { folder in
      let folders = Folders(folder: folder)
      let rooms = Measured(classNames: ["wall", "lamp"])
      let page = try page([
        folders.run("street", seed: 1, method: "none", meanIoU: [20, 21]),
        folders.run("room", seed: 1, method: "none", meanIoU: [22, 24], measured: rooms),
        folders.run("hall", seed: 2, method: "kd", meanIoU: [22, 24], measured: rooms),
      ])
      let tables = page.matches(
        of: #/<caption>IoU of each class: ([^;<]*)(.*?)<\/table>/#.dotMatchesNewlines())
      #expect(tables.map { String($0.1) } == ["street", "room, hall"])
      try #require(tables.count == 2)
      #expect(tables[0].2.contains("</i>a</th>") == false && tables[0].2.contains(">a</th>"))
      #expect(!tables[0].2.contains("wall") && tables[1].2.contains(">wall</th>"))
      #expect(!tables[1].2.contains(">a</th>") && tables[1].2.contains("<span>hall</span>"))
    }
  }

  @Test func aPhaseHasOneColour() throws {
    try withTemporaryFolder { folder in
      let folders = Folders(folder: folder)
      let page = try page([
        folders.run(
          "a", seed: 1, method: "kd", meanIoU: [20, 21],
          phases: ["backward": 0.5, "teacher": 0.1, "later": 0.1]),
        folders.run(
          "b", seed: 2, method: "kd", meanIoU: [22, 24],
          phases: ["teacher": 0.5, "student": 0.2, "methods": 0.1]),
      ])
      let bars = page.matches(of: #/<div class="shares"[^>]*>(.*?)<\/div>/#)
        .map { $0.1.matches(of: #/class="(c\d)"/#).map { String($0.1) } }
      // In the order of a step, whatever takes longest; then validation, then what is not known.
      #expect(bars == [["c1", "c5", "c8", "c9"], ["c1", "c2", "c4", "c8"]])
      for (phase, colour) in [("teacher", 1), ("validation", 8), ("later", 9)] {
        #expect(page.contains("<i class=\"swatch c\(colour)\"></i>\(phase)</th>"))
      }
    }
  }

  @Test func onlyKeysWithAnEffectDiffer() throws {
    try withTemporaryFolder { folder in
      let folders = Folders(folder: folder)
      let weights = "/a/" + String(repeating: "long/", count: 40) + "best.safetensors"
      let teacher = "teacher: {weights: \(weights), network: deeplabv3_resnet50}"
      let labels = try folders.run("labels", seed: 1, method: "none", meanIoU: [20, 21])
      let page = try page([
        labels,
        folders.run("kd", seed: 1, method: "kd", meanIoU: [22, 24], more: teacher),
        folders.run(
          "rdd", seed: 1, method: "rdd", meanIoU: [22, 24], distill: ", warmup_iterations: 5",
          more: teacher),
      ])
      func cell(_ text: String) -> String { "<td class=\"text\">\(text)</td>" }
      for (key, cells) in [
        ("distill.method", ["none", "kd", "rdd"]), ("distill.warmup_iterations", ["-", "-", "5"]),
        ("teacher.network", ["-", "deeplabv3_resnet50", "deeplabv3_resnet50"]),
        ("teacher.weights", ["-", weights, weights]),
      ] {
        let row = "<th scope=\"row\">\(key)</th>" + cells.map(cell).joined()
        #expect(page.contains(row), "\(key)")
      }
      // A teacher that nobody asks.
      let other = try folders.run(
        "other", seed: 1, method: "none", meanIoU: [20, 21], distill: ", warmup_iterations: 5",
        more: teacher)
      #expect(try self.page([labels, other]).contains("<p>Nothing.</p>"))
    }
  }

  /// Of the pixels labelled `a` three quarters are right; nothing is labelled `c`.
  @Test func theConfusionIsAMatrix() throws {
    try withTemporaryFolder { folder in
      let folders = Folders(folder: folder)
      let known = Measured(
        classNames: ["a", "b", "c"], confusion: [[30, 10, 0], [0, 50, 10], [0, 0, 0]])
      let path = try folders.run("kd", seed: 1, method: "kd", meanIoU: [20, 21], measured: known)
      let page = try page([path])
      func shade(_ share: String, _ text: String) -> String {
        "<td class=\"shade\" style=\"--share:\(share)%\">\(text)</td>"
      }
      let row = shade("41.2", "75.0") + shade("13.8", "25.0") + shade("0.0", "0.0")
      #expect(page.contains("<th scope=\"row\">a</th>" + row))
      #expect(page.contains("<th scope=\"row\">c</th><td>-</td><td>-</td><td>-</td>"))
      // How much of the images each class has.
      #expect(page.contains("<th scope=\"row\">b</th><td>60.00</td>"))
      try expectBalanced(page)
      // A line whose counts are no matrix of its classes, or not those of pixels.
      for confusion in [[[1, 2], [3, 4]], [[1, 2, 3], [4, 5, 6], [7, 8, -9]]] {
        let bad = Measured(classNames: ["a", "b", "c"], confusion: confusion)
        let path = try folders.run("bad", seed: 1, method: "kd", meanIoU: [20], measured: bad)
        #expect(try !self.page([path]).contains("taken for which"))
      }
    }
  }

  @Test func ofManyClassesTheLargestMistakesAreListed() throws {
    try withTemporaryFolder { folder in
      var confusion = [[Int]](repeating: [Int](repeating: 0, count: 50), count: 50)
      for index in 0..<50 { confusion[index][index] = 90 }
      confusion[7][3] = 30
      confusion[8][4] = 10
      let known = Measured(classNames: (0..<50).map { "class \($0)" }, confusion: confusion)
      let path = try Folders(folder: folder)
        .run("kd", seed: 1, method: "kd", meanIoU: [20], measured: known)
      let page = try page([path])
      #expect(page.contains("kd: the 2 largest mistakes"))
      let (first, second) = (
        "<th scope=\"row\">class 7</th><td class=\"text\">class 3</td><td>25.00</td><td>0.66</td>",
        "<th scope=\"row\">class 8</th><td class=\"text\">class 4</td><td>10.00</td>"
      )
      let places = [first, second].map { page.range(of: $0)?.lowerBound }
      #expect(try #require(places[0]) < #require(places[1]))
      #expect(!page.contains("class=\"shade\""))
    }
  }
}
