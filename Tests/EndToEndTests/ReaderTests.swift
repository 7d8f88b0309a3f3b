import Foundation
import TestSupport
import Testing

/// What a run leaves for people to look at, opened by the programs that they open it with.
@Suite(.serialized) struct ReaderTests {
  /// A short run with pictures of both stages' maps.
  private func train(_ folder: URL) throws -> Run {
    let run = try Run(folder)
    let result = try run.train(
      "run", ranks: nil,
      set: ["train.iterations=4", "train.validate_every=2", "distill.warmup_iterations=2"])
    try #require(result.exitCode == 0, "\(result)")
    return run
  }

  /// What a run says where nobody looks at a terminal, and its verdict.
  @Test func aRunSaysWhatItCameTo() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      let result = try run.train("run", ranks: nil, set: ["train.iterations=6"])
      try #require(result.exitCode == 0, "\(result)")
      let said = result.standardError
      #expect(said.contains("iteration 1/6 tfe loss "), "\(said)")
      // Nobody knows how long an iteration takes before some have ended.
      let lines = said.split(separator: "\n").filter { $0.contains(#/ iteration \d/6 /#) }
      #expect(lines.map { $0.contains(" eta ") } == [false, false, false, false, true, true])
      #expect(lines.dropFirst(4).first?.contains(" eta over ") == true, "\(said)")
      #expect(!said.contains("\u{1B}") && !said.contains("\r"))
      let verdict = result.standardOutput
      #expect(
        verdict.contains(
          /best mIoU [0-9.]+ % \(iteration 6 of 6; mean over \d+ classes, of which absent ones count/
        ),
        "\(verdict)")
      #expect(verdict.contains("trained in "))
      for file in ["best.safetensors", "student.safetensors", "metrics.jsonl", "tensorboard"] {
        #expect(verdict.contains(run.path("run/\(file)")), "\(file)")
      }
    }
  }

  @Test(
    .enabled(
      if: Browser.path != nil,
      "no chromium on the PATH: install the Debian package chromium, or set RDD_CHROMIUM"))
  func aBrowserDrawsTheReport() throws {
    try withTemporaryFolder { folder in
      let page = try report(folder)
      let browser = try Browser(profile: folder.appending(path: "profile"))
      defer { browser.quit() }
      for width in [1280, 400] {
        var papers: [String] = []
        for scheme in ["light", "dark"] {
          let visit = try browser.visit(page, width: width, scheme: scheme, evaluating: Self.look)
          #expect(visit.messages.isEmpty, "\(width) \(scheme)")
          #expect(visit.requests.isEmpty, "\(width) \(scheme)")
          let seen = visit.value
          let wide = try #require(seen["width"] as? Int)
          #expect(wide <= width && seen["window"] as? Int == width)
          #expect(seen["curves"] as? Int ?? 0 >= 8, "\(seen)")
          // Two images at two validations.
          #expect(seen["pictures"] as? Int == 4, "\(seen)")
          #expect(seen["broken"] as? Int == 0, "\(seen)")
          #expect(visit.nameless.isEmpty && visit.namedCount > 20, "\(visit.nameless)")
          papers.append(seen["paper"] as? String ?? "")
          try keep(visit.picture, "report-\(width)-\(scheme).png")
        }
        #expect(papers[0] != papers[1] && !papers.contains(""))
      }
    }
  }

  /// The page of a short run.
  private func report(_ folder: URL) throws -> URL {
    let run = try train(folder)
    let page = folder.appending(path: "report.html")
    let result = try MPIRun.run(
      ranks: nil, program: "rdd", arguments: ["report", run.path("run"), "--out", page.path])
    try #require(result.exitCode == 0, "\(result)")
    return page
  }

  /// What the report's script does for its reader.
  @Test(.enabled(if: Browser.path != nil, "no chromium"))
  func theReportAnswers() throws {
    try withTemporaryFolder { folder in
      let page = try report(folder)
      let browser = try Browser(profile: folder.appending(path: "profile"))
      defer { browser.quit() }
      let visit = try browser.visit(page, width: 1280, scheme: "light", evaluating: Self.use)
      #expect(visit.messages.isEmpty && visit.requests.isEmpty)
      let seen = visit.value
      // Four iterations, the pointer in their middle.
      let legend = seen["legend"] as? String ?? ""
      #expect(legend.contains("at 2") || legend.contains("at 3"), "\(seen)")
      #expect((seen["axis"] as? String)?.hasSuffix("without pauses") == true, "\(seen)")
      #expect(seen["curves"] as? Int ?? 0 >= 8 && seen["hidden"] as? Int == 0, "\(seen)")
      // Of two images the pictures of the first validation.
      #expect(seen["maps"] as? String == "2 2", "\(seen)")
    }
  }

  /// The tests above see a page that talks, asks others and is too wide.
  @Test(.enabled(if: Browser.path != nil, "no chromium"))
  func aBadPageIsSeen() throws {
    try withTemporaryFolder { folder in
      let page = folder.appending(path: "bad.html")
      try """
      <!doctype html><html><head><link rel="icon" href="data:,"></head><body>
      <div style="width: 2000px">wide</div><img src="http://127.0.0.1:9/a.png">
      <script>console.log("hello")</script></body></html>
      """.write(to: page, atomically: true, encoding: .utf8)
      let browser = try Browser(profile: folder.appending(path: "profile"))
      defer { browser.quit() }
      let visit = try browser.visit(page, width: 400, scheme: "light", evaluating: Self.look)
      #expect(visit.messages.contains { $0.contains("hello") })
      #expect(visit.requests == ["http://127.0.0.1:9/a.png"])
      #expect(visit.value["width"] as? Int ?? 0 >= 2000)
      #expect(visit.value["broken"] as? Int == 1)
    }
  }

  /// What a page looks like from inside.
  private static let look = """
    { width: document.documentElement.scrollWidth, window: window.innerWidth,
      curves: [...document.querySelectorAll("polyline")]
        .filter(curve => curve.getBoundingClientRect().width > 20).length,
      pictures: document.images.length,
      broken: [...document.images].filter(image => !image.naturalWidth).length,
      paper: getComputedStyle(document.body).backgroundColor }
    """

  /// Moves what a reader moves; what the page then shows.
  private static let use = """
    (() => {
      const svg = document.querySelector("svg[data-title]"), area = svg.getBoundingClientRect();
      svg.dispatchEvent(new PointerEvent("pointermove", { clientX: area.left + area.width / 2 }));
      const legend = svg.closest("figure").querySelector(".legend").textContent;
      const set = (id, value) => {
        const field = document.getElementById(id);
        field.value = value;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      };
      const curves = () => [...document.querySelectorAll("polyline")]
        .filter(curve => curve.getAttribute("points") !== "").length;
      set("across", "seconds");
      const axis = svg.querySelector(".axes").lastChild.textContent, all = curves();
      document.querySelector("#controls input[data-run]").click();
      const hidden = curves();
      set("map-iteration", 0);
      const maps = [...document.querySelectorAll(".maps figure")].filter(figure => !figure.hidden);
      return { legend, axis, curves: all, hidden,
        maps: maps.map(figure => figure.dataset.iteration).join(" ") };
    })()
    """

  /// Keeps a picture of the page for people, in the folder that `RDD_SCREENSHOTS` names.
  private func keep(_ picture: Data, _ name: String) throws {
    #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47]))
    guard let folder = ProcessInfo.processInfo.environment["RDD_SCREENSHOTS"] else { return }
    try picture.write(to: URL(fileURLWithPath: folder).appending(path: name))
  }

  @Test(
    .enabled(
      if: TensorBoard.python != nil,
      "no tensorboard: pip install it, and name that python with RDD_TENSORBOARD_PYTHON"))
  func tensorBoardReadsTheEvents() throws {
    try withTemporaryFolder { folder in
      let run = try train(folder)
      let events = try TensorBoard.read(run.path("run/tensorboard"))
      let lines = try run.metrics("run")
      #expect(events.scalars["loss/total"]?.map(\.step) == [1, 2, 3, 4])
      for (event, line) in zip(events.scalars["loss/total"] ?? [], lines) {
        #expect(abs(event.value - (line.loss ?? .nan)) <= 1e-6 * event.value)
      }
      #expect(events.scalars["validation/mean_iou"]?.map(\.step) == [2, 4])
      for tag in ["difficulty/mean_tfe_weight", "difficulty/student_threshold", "class_iou/road"] {
        #expect(events.scalars[tag] != nil, "\(tag)")
      }
      // Of each fixed image, at each validation.
      #expect(events.histograms.count == 6 && events.images.count == 2)
      for (tag, histograms) in events.histograms {
        #expect(histograms.map(\.step) == [2, 4], "\(tag)")
        #expect(histograms.allSatisfy { $0.count > 0 && $0.least >= 0 && $0.most <= 1 }, "\(tag)")
      }
      for (tag, images) in events.images {
        #expect(images.map(\.step) == [2, 4], "\(tag)")
        #expect(images.allSatisfy { $0.isPNG && $0.width > 400 && $0.height > 200 }, "\(tag)")
      }
    }
  }
}

/// TensorBoard's own reader, which `Tests/Fixtures/tensorboard/read.py` asks.
private enum TensorBoard {
  /// What a folder of event files holds, by tag.
  struct Events: Decodable {
    let scalars: [String: [Scalar]]
    let histograms: [String: [Histogram]]
    let images: [String: [Image]]
  }

  struct Scalar: Decodable {
    let step: Int
    let value: Double
  }

  struct Histogram: Decodable {
    let step: Int
    let count: Double
    let least: Double
    let most: Double
  }

  struct Image: Decodable {
    let step: Int
    let width: Int
    let height: Int
    let isPNG: Bool

    enum CodingKeys: String, CodingKey {
      case step, width, height
      case isPNG = "png"
    }
  }

  /// An interpreter that has it: `RDD_TENSORBOARD_PYTHON`, or the system's.
  static let python: String? = {
    let environment = ProcessInfo.processInfo.environment
    return [environment["RDD_TENSORBOARD_PYTHON"], "/usr/bin/python3"].compactMap { $0 }.first {
      let result = try? ProcessRun.run(
        $0, ["-c", "import tensorboard"], environment: environment, timeout: 60)
      return result?.exitCode == 0
    }
  }()

  static func read(_ folder: String) throws -> Events {
    let script = Repository.fixture("tensorboard/read.py")
    let result = try ProcessRun.run(
      python ?? "", [script, folder], environment: ProcessInfo.processInfo.environment, timeout: 120
    )
    try #require(result.exitCode == 0, "\(result)")
    return try JSONDecoder().decode(Events.self, from: Data(result.standardOutput.utf8))
  }
}
