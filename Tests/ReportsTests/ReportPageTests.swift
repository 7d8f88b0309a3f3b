import Foundation
import Reports
import TestSupport
import Testing

/// The page: whole, of one file, and true to each run.
@Suite struct ReportPageTests {
  private func page(_ paths: [String]) throws -> String {
    ReportPage(try paths.map { try RunRecord(folder: $0) }).html
  }

  @Test func twoRunsAreOnePage() throws {
    try withTemporaryFolder { folder in
      let folders = Folders(folder: folder)
      let page = try page([
        folders.run("labels <1>", seed: 1, method: "none", meanIoU: [20, 21]),
        folders.run("rdd", seed: 1, method: "rdd", meanIoU: [22, 24]),
      ])
      // One file: what the page shows is in it, and its script asks nobody.
      for outside in ["http:", "https:", " src=\"/", "href=\"/", "url(", "<script src", "import("] {
        #expect(!page.contains(outside), "\(outside)")
      }
      #expect(page.contains("content=\"default-src 'none'; img-src data:;"))
      #expect(page.contains("labels &lt;1&gt;") && !page.contains("labels <1>"))
      for text in ["24.00", "distill.method", "absent"] { #expect(page.contains(text), "\(text)") }
      // At any width the first number beside a run's name is its score.
      let head = try #require(page.range(of: "Scores of the runs</caption>"))
      let names = page[head.upperBound...].matches(of: #/<th scope="col"[^>]*><span>([^<]*)</#)
      #expect(names.prefix(3).map(\.1) == ["run", "last mIoU %", "best mIoU %"])
      #expect(page.contains("</i>rdd</th><td>24.00<b title=\"highest\">"))
      try expectBalanced(page)
    }
  }

  @Test func theResultIsASentenceFirst() throws {
    try withTemporaryFolder { folder in
      let folders = Folders(folder: folder)
      var paths: [String] = []
      for (seed, labels, kd) in [(1, 20.0, 23.0), (2, 21, 24.5), (3, 19, 21.5)] {
        paths += try [
          folders.run("s\(seed)/labels", seed: seed, method: "none", meanIoU: [1, labels]),
          folders.run("s\(seed)/kd", seed: seed, method: "kd", meanIoU: [1, kd]),
        ]
      }
      let many = try page(paths)
      #expect(
        many.contains(
          "kd is 3.00 points above labels, 95 % interval +1.76 to +4.24 (3 pairs of equal seed): clear."
        ))
      #expect(many.contains("mean IoU of the last weights, in percent, on 3 validation images."))
      #expect(!many.contains("One seed says nothing"))
      #expect(many.contains("<th scope=\"row\">labels</th><td>20.00 +- 1.00</td><td>3</td>"))
      let two = try page(Array(paths[0...1]))
      #expect(two.contains("kd is 3.00 points above labels, with one seed."))
      #expect(two.contains("One seed says nothing about methods"))
      let one = try page([paths[1]])
      #expect(one.contains("kd reaches a mean IoU of 23.00 % with the last weights, in one run"))
      for text in [many, two, one] {
        let first = try #require(text.range(of: "<p class=\"lead\">"))
        let table = try #require(text.range(of: "<table>"))
        #expect(first.lowerBound < table.lowerBound)
      }
    }
  }

  /// Keys of another optimiser, and of a warm-up that there is not, have no effect.
  @Test func keysOfTheOptimiserAreToldWhereTheyCount() throws {
    try withTemporaryFolder { folder in
      let folders = Folders(folder: folder)
      func rows(_ first: String, _ second: String) throws -> [String] {
        let paths = try [("a", first), ("b", second)].map { name, keys in
          try folders.run(name, seed: 1, method: "none", meanIoU: [20], train: keys)
        }
        let rows = try page(paths).matches(of: #/<th scope="row">train\.(.*)<\/td><\/tr>/#)
        return rows.map { row in
          String(row.1).replacing("</th>", with: "").replacing("</td>", with: "")
            .replacing("<td class=\"text\">", with: " ")
        }
      }
      let idle = ", beta1: 0.8, warmup_factor: 0.1"
      let adamW = try rows(idle, ", optimizer: adamw, learning_rate: 0.001")
      #expect(adamW == ["learning_rate 0.02 0.001", "optimizer sgd adamw", "beta1 - 0.9"])
      #expect(try rows(idle, ", epsilon: 0.1").isEmpty)
      #expect(try rows(", momentum: 0.8", "") == ["momentum 0.8 0.9"])
      #expect(
        try rows(", warmup_factor: 0.1, warmup_iterations: 3", ", warmup_iterations: 3")
          == ["warmup_factor 0.1 0.001"])
    }
  }

  @Test func stagesAreMarkedWhereThereAreBoth() throws {
    try withTemporaryFolder { folder in
      let folders = Folders(folder: folder)
      let labels = try folders.run("labels", seed: 1, method: "none", meanIoU: [20, 21])
      func rdd(_ keys: String) throws -> String {
        try folders.run(
          "rdd", seed: 1, method: "rdd", meanIoU: [22, 24], distill: ", warmup_iterations: \(keys)")
      }
      for (keys, mark) in [
        ("15", "15"), ("15, warmup_inclusive: true", "16"), ("20, switch: hard", "20"),
        ("1", nil), ("4000", nil), ("20, warmup_inclusive: true", nil),
      ] {
        let page = try page([labels, rdd(keys)])
        #expect(page.contains("TFE | TSE") == (mark != nil), "\(keys)")
        guard let mark else { continue }
        // In each chart of the run, in its colour, and in none of the other run.
        let marks = page.matches(of: #/<g class="stages c1" data-x="(\d+)" data-run="1">/#)
        #expect(Set(marks.map { String($0.1) }) == [mark], "\(keys)")
        let curves = page.matches(of: #/<g class="curve c1" data-run="1"/#)
        #expect(marks.count == curves.count && !marks.isEmpty)
        #expect(!page.contains("data-x=\"\(mark)\" data-run=\"0\""))
      }
      #expect(try !page([labels]).contains("TFE | TSE"))
    }
  }

  /// Weights that are trained; what BatchNorm remembers is none.
  @Test func parametersAreCountedInTheHeader() throws {
    try withTemporaryFolder { folder in
      let path = try Folders(folder: folder).run("a", seed: 1, method: "kd", meanIoU: [20])
      #expect(try RunRecord(folder: path).parameterCount == nil)
      let header = Data(
        """
        {"conv.weight":{"dtype":"F32","shape":[2,3,5],"data_offsets":[0,120]},\
        "bn.bias":{"dtype":"F32","shape":[7],"data_offsets":[120,148]},\
        "bn.running_mean":{"dtype":"F32","shape":[7],"data_offsets":[148,176]},\
        "bn.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[176,184]}}
        """.utf8)
      let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) }
      let file = URL(fileURLWithPath: path + "/best.safetensors")
      try (length + header + Data(count: 184)).write(to: file)
      #expect(try RunRecord(folder: path).parameterCount == 37)
      try Data("nothing".utf8).write(to: URL(fileURLWithPath: path + "/student.safetensors"))
      #expect(try RunRecord(folder: path).parameterCount == 37)
      #expect(try page([path]).contains("<td>0.00 M</td>"))
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
}

/// Fails unless every element that was opened is closed, in order.
func expectBalanced(_ page: String) throws {
  let void = ["meta", "link", "img", "input", "line", "polyline", "circle"]
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
