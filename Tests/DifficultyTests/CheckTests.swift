import Difficulty
import Randomness
import Reduction
import Testing
import Torch

/// Checks of what callers hand over. The module is built without the language's own checks, so each of
/// these must stop the program in a release build too.
@Suite struct CheckTests {
  private static func stops(_ result: ExitTest.Result?, _ text: String) {
    let error = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(error.contains(text), "\(error)")
  }

  @Test func asManyLabelsAsPixels() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = [UInt8](repeating: 0, count: 5).withUnsafeBufferPointer {
        TaskLoss.Labels($0, imageCount: 1, height: 2, width: 3)
      }
    }
    Self.stops(result, "Labels: 5 labels for 1 images of 2x3")
  }

  @Test func logitsOfOneShape() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = [UInt8](repeating: 0, count: 16).withUnsafeBufferPointer { labels in
        TaskLoss(engine: .fused, threadCount: 1).evaluate(
          student: TaskLoss.Heads(main: Tensor.zeros([1, 3, 2, 2]), auxiliary: nil),
          teacher: TaskLoss.Heads(main: Tensor.zeros([1, 3, 2, 1]), auxiliary: nil),
          labels: TaskLoss.Labels(labels, imageCount: 1, height: 4, width: 4), firstImage: 0,
          globalImageCount: 1, options: DifficultyOptions(), reducer: SingleProcess())
      }
    }
    Self.stops(result, "TaskLoss: logits [1, 3, 2, 2] and [1, 3, 2, 1]")
  }

  @Test func referenceAsksForTheHeadsToo() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var options = DifficultyOptions()
      options.task = .teacherFull
      let one = TaskLoss.Heads(main: Tensor.zeros([1, 3, 2, 2]), auxiliary: nil)
      _ = [UInt8](repeating: 0, count: 16).withUnsafeBufferPointer { labels in
        TaskLoss(engine: .reference, threadCount: 1).evaluate(
          student: one, teacher: one,
          labels: TaskLoss.Labels(labels, imageCount: 1, height: 4, width: 4), firstImage: 0,
          globalImageCount: 1, options: options, reducer: SingleProcess())
      }
    }
    Self.stops(result, "TFE weights need both heads of the teacher")
  }

  @Test func noIntegerBelowZero() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var random = CounterRandom(.test, seed: 1)
      _ = random.integer(below: 0)
    }
    Self.stops(result, "CounterRandom: bound 0")
  }
}

/// The rule of the masks, pixel by pixel.
@Suite struct HardPixelsTests {
  @Test(arguments: DifficultyOptions.Mask.allCases)
  func everyMaskOnePixel(_ mask: DifficultyOptions.Mask) {
    let pixels = HardPixels(mask: mask, studentThreshold: 0.5, teacherThreshold: 0.7)
    // Student and teacher: both hard, the student alone, the teacher alone, none; a threshold is hard.
    let kept = [(0.5, 0.7), (0.4, 0.8), (0.6, 0.6), (0.6, 0.8)].map { student, teacher in
      pixels.keeps(student: student, teacher: teacher)
    }
    let expected =
      switch mask {
      case .xor: [false, true, true, false]
      case .or: [true, true, true, false]
      case .and: [true, false, false, false]
      case .ohem: [true, true, false, false]
      }
    #expect(kept == expected)
    #expect(!pixels.keeps(student: .nan, teacher: .nan))
  }
}
