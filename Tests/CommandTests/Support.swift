import Foundation
import ImageIO
import TestSupport
import Testing

/// The built program, as users run it.
enum Command {
  /// The whole job may take no longer, its start included; a rank that hangs takes for ever.
  static let timeout = 60.0

  /// Runs `rdd` with arguments; `ranks` nil starts no launcher.
  static func run(
    _ arguments: [String], ranks: Int? = nil, environment: [String: String] = [:],
    onlyRank: [Int: [String: String]] = [:],
    output: ProcessRun.Sink = .result, error: ProcessRun.Sink = .result,
    meanwhile: (RunningProcess) throws -> Void = { _ in }
  ) throws -> ProcessResult {
    try MPIRun.run(
      ranks: ranks, program: "rdd", arguments: arguments,
      environment: environment.merging(["OMP_NUM_THREADS": "1", "COLUMNS": "80"]) { own, _ in own },
      onlyRank: onlyRank, timeout: timeout, output: output, error: error, meanwhile: meanwhile)
  }

  /// Runs `rdd` by a line of bash, in which it is called `$0` and the arguments are `"$@"`.
  static func bash(_ line: String, _ arguments: [String]) throws -> ProcessResult {
    try ProcessRun.run(
      "/bin/bash", ["-c", line, try BuiltProgram.path("rdd")] + arguments,
      environment: MPIRun.testEnvironment().merging(["OMP_NUM_THREADS": "1"]) { $1 },
      timeout: timeout)
  }

  /// Whether this user may mount over folders for a process alone: root, and not in every container.
  static let mayMount: Bool = {
    let result = try? ProcessRun.run(
      "/bin/bash", ["-c", "exec unshare -m mount -t tmpfs none /proc"],
      environment: ProcessInfo.processInfo.environment, timeout: timeout)
    return result?.exitCode == 0
  }()
}

extension ProcessResult {
  /// The lines with which ranks ended the job.
  var errorLines: [String] {
    standardError.split(separator: "\n").map(String.init).filter { $0.hasPrefix("rdd: error: ") }
  }

  /// The most seconds that a job which fails may take; its start alone takes two on a busy machine.
  static let failureLimit = 15.0

  /// Fails the test unless the job soon ended by itself with this code and one line that holds these
  /// texts.
  func expectFailure(
    _ code: Int32, _ texts: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(exitCode == code && !timedOut, "\(self)", sourceLocation: sourceLocation)
    #expect(seconds < Self.failureLimit, "\(self)", sourceLocation: sourceLocation)
    #expect(errorLines.count == 1, "\(self)", sourceLocation: sourceLocation)
    for text in texts {
      #expect(
        errorLines.first?.contains(text) == true, "no '\(text)': \(self)",
        sourceLocation: sourceLocation)
    }
  }

  /// Fails the test unless the job ended well.
  func expectSuccess(sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(exitCode == 0 && !timedOut, "\(self)", sourceLocation: sourceLocation)
    #expect(errorLines.isEmpty, "\(self)", sourceLocation: sourceLocation)
  }
}

/// A folder with four tiny labelled images, their lists and a recipe that learns from them.
struct TinyData {
  let folder: URL
  static let height = 32
  static let width = 64

  /// Makes the files in an empty folder.
  init(_ folder: URL) throws {
    self.folder = folder.resolvingSymlinksInPath()
    for index in 0..<4 {
      try PNGWriter.write(Self.photo(index), to: path("\(index).png"))
      try PNGWriter.write(Self.labels(index), to: path("\(index)-labels.png"))
    }
    try writeList((0..<4).map { "\($0).png \($0)-labels.png" }, "train.txt")
    try writeList(["2.png 2-labels.png", "3.png 3-labels.png"], "val.txt")
    try Self.recipe.write(toFile: path("recipe.yaml"), atomically: true, encoding: .utf8)
  }

  /// Three classes; no order and no augmentation of its own, so that tests know who reads what.
  private static let recipe = """
    data:
      kind: list
      root: .
      num_classes: 3
      crop_height: 32
      crop_width: 64
      shuffle: false
      augment: false
    student: {network: deeplab_mobile, head_width: 16}
    train: {iterations: 2, batch_size: 2, checkpoint_every: 1, validate_every: 0, log_every: 1}
    distill: none

    """

  var recipe: String { path("recipe.yaml") }

  func path(_ name: String) -> String { folder.path + "/" + name }

  func writeList(_ lines: [String], _ name: String) throws {
    try lines.map { $0 + "\n" }.joined().write(
      toFile: path(name), atomically: true, encoding: .utf8)
  }

  /// A road below a wall, and a bright box of the third class.
  static func photo(_ index: Int, height: Int = height, width: Int = width) -> RGBImage {
    let pixels = labels(index, height: height, width: width).pixels.enumerated().flatMap {
      place, label -> [UInt8] in
      let noise = UInt8(truncatingIfNeeded: (place &* 2_654_435_761 &+ index) >> 8) % 32
      return [UInt8(label) * 90 + noise, 80 + noise, 160 - UInt8(label) * 60 + noise]
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  static func labels(_ index: Int, height: Int = height, width: Int = width) -> GrayImage {
    let pixels = (0..<height * width).map { place -> UInt8 in
      let (y, x) = (place / width, place % width)
      if y > height / 3, y < 2 * height / 3, abs(x - 10 * (index + 1)) < 6 { return 2 }
      return y > height / 2 ? 1 : 0
    }
    return GrayImage(width: width, height: height, pixels: pixels)
  }
}

/// Runs a test on tiny data of its own.
func withTinyData(_ body: (TinyData) throws -> Void) throws {
  try withTemporaryFolder { try body(TinyData($0)) }
}

/// Tests of the command.
@Suite enum CommandTests {}
