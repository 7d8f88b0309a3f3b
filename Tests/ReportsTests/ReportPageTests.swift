import Foundation
import Reports
import TestSupport
import Testing

/// The page: whole, and of one file.
@Suite struct ReportPageTests {
  @Test func twoRunsAreOnePage() throws {
    try withTemporaryFolder { folder in
      let folders = Folders(folder: folder)
      let paths = [
        try folders.run("labels <1>", seed: 1, method: "none", meanIoU: [20, 21]),
        try folders.run("rdd", seed: 1, method: "rdd", meanIoU: [22, 24]),
      ]
      let picture = folder.appending(path: "rdd/pictures/scene_1")
      try FileManager.default.createDirectory(at: picture, withIntermediateDirectories: true)
      for iteration in 1...9 {
        try Data([UInt8(iteration)]).write(to: picture.appending(path: "\(iteration).png"))
      }
      let page = ReportPage(try paths.map { try RunRecord(folder: $0) }).html
      // One file: what the page shows is in it, and nothing runs.
      for outside in ["http:", "https:", "<script", "src=\"/", "href=\"/", "url("] {
        #expect(!page.contains(outside), "\(outside)")
      }
      #expect(page.contains("labels &lt;1&gt;") && !page.contains("labels <1>"))
      for text in ["24.00", "distill.method", "<td>none</td><td>rdd</td>", "absent"] {
        #expect(page.contains(text), "\(text)")
      }
      // Of nine pictures the first, the last and three between.
      for (iteration, isShown) in [(1, true), (2, false), (5, true), (9, true)] {
        let base64 = Data([UInt8(iteration)]).base64EncodedString()
        #expect(page.contains("base64,\(base64)\"") == isShown, "\(iteration)")
      }
      try expectBalanced(page)
    }
  }

  /// A mark behind a sign makes one letter of both; a terminal's commands are nobody's name.
  @Test func namesOfStrangersStayText() throws {
    try withTemporaryFolder { folder in
      let name = "<\u{301}b>\u{1B}[2J\u{202E}"
      let path = try Folders(folder: folder).run(name, seed: 1, method: "kd", meanIoU: [20])
      let record = try RunRecord(folder: path)
      let page = ReportPage([record]).html
      #expect(page.contains("&lt;\u{301}b&gt;\\u{1b}[2J\\u{202e}"))
      let table = Comparison(RunGroup.groups([record]), weights: .last).table
      for text in [page, table] {
        #expect(
          !text.unicodeScalars.contains("\u{1B}") && !text.unicodeScalars.contains("\u{202E}"))
      }
    }
  }

  @Test func aPictureThatCannotBeReadIsTold() throws {
    try withTemporaryFolder { folder in
      let path = try Folders(folder: folder).run("a", seed: 1, method: "kd", meanIoU: [20])
      let picture = path + "/pictures/scene/1.png"
      try FileManager.default.createDirectory(atPath: picture, withIntermediateDirectories: true)
      let page = ReportPage([try RunRecord(folder: path)]).html
      #expect(page.contains("a: scene, 1 cannot be read: found a folder, device or pipe"))
    }
  }

  /// The recipe has twenty iterations, and the switch comes at the 4000th: no mark, no switch.
  @Test func aMarkBeyondTheRunIsLeftOut() throws {
    try withTemporaryFolder { folder in
      let path = try Folders(folder: folder).run("a", seed: 1, method: "rdd", meanIoU: [22, 24])
      try """
      train: {iterations: 20}
      distill: {method: rdd, warmup_iterations: 4000}
      teacher: {from_seed: true}
      """.write(toFile: path + "/recipe.yaml", atomically: true, encoding: .utf8)
      #expect(!ReportPage([try RunRecord(folder: path)]).html.contains("TFE | TSE"))
    }
  }

  /// Fails unless every element that was opened is closed, in order.
  private func expectBalanced(_ page: String) throws {
    let void = ["meta", "link", "img", "line", "polyline", "circle"]
    var open: [String] = []
    for part in page.split(separator: "<").dropFirst() {
      let name = part.prefix { $0 != " " && $0 != ">" && $0 != "\n" }
      if name.first == "!" || void.contains(String(name)) { continue }
      if name.first == "/" {
        try #require(open.popLast() == String(name.dropFirst()), "\(name)")
      } else {
        open.append(String(name))
      }
    }
    #expect(open.isEmpty)
  }
}
