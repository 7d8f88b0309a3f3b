import Difficulty
import Randomness
import Reduction
import TestSupport

/// A global batch in memory, and the engine run on it by any number of ranks.
struct Batch: Sendable {
  var images: Int
  var classes: Int
  var low: (height: Int, width: Int)
  var size: (height: Int, width: Int)
  var studentMain: [Float]
  var studentAuxiliary: [Float]?
  var teacherMain: [Float]
  var teacherAuxiliary: [Float]?
  var labels: [UInt8]

  /// The batch of a golden file.
  init(_ fixture: GoldenFile) {
    let logits = fixture.shape("in.s_main")
    let target = fixture.shape("in.target")
    images = logits[0]
    classes = logits[1]
    low = (logits[2], logits[3])
    size = (target[1], target[2])
    studentMain = fixture.values("in.s_main")
    studentAuxiliary = fixture.values("in.s_aux")
    teacherMain = fixture.values("in.t_main")
    teacherAuxiliary = fixture.values("in.t_aux")
    labels = fixture.labels("in.target")
  }

  /// Random logits and labels.
  ///
  /// - Parameters:
  ///   - levels: the number of values a logit takes, for ties; 0: any value.
  ///   - ignored: the share of ignored pixels.
  ///   - blocks: labels come in squares of this size.
  init(
    images: Int, classes: Int, low: (Int, Int), size: (Int, Int), scale: Double = 4,
    levels: Int = 0, ignored: Double = 0.1, blocks: Int = 1, seed: UInt64
  ) {
    self.images = images
    self.classes = classes
    self.low = low
    self.size = size
    var random = CounterRandom(.test, seed: seed)
    let count = images * classes * low.0 * low.1
    func logits() -> [Float] {
      (0..<count).map { _ in
        let value = random.normal()
        return Float(
          levels == 0 ? scale * value : scale * Double(random.integer(below: levels)))
      }
    }
    studentMain = logits()
    studentAuxiliary = logits()
    teacherMain = logits()
    teacherAuxiliary = logits()
    let key = CounterRandom(.test, seed: seed, 1)
    var grid = [UInt8](repeating: 0, count: images * size.0 * size.1)
    for index in grid.indices {
      let x = index % size.1 / blocks
      let y = index / size.1 % size.0 / blocks
      let bits = key.bits(at: ((index / (size.0 * size.1)) * 1000 + y) * 2000 + x)
      let isIgnored = Double(bits >> 40) * 0x1p-24 < ignored
      grid[index] = isIgnored ? 255 : UInt8(bits % UInt64(classes))
    }
    labels = grid
  }

  /// What one run gives: the same result on each rank, and the gradients of all images.
  struct Outcome: Sendable {
    var results: [DifficultyResult]
    var main: [Float]
    var auxiliary: [Float]
    var result: DifficultyResult { results[0] }
  }

  /// Runs the engine on `ranks` simulated ranks; `split` gives each rank's number of images.
  func run(_ options: DifficultyOptions, split: [Int]? = nil, threads: Int = 1) -> Outcome {
    let split = split ?? [images]
    let starts = split.indices.map { split[..<$0].reduce(0, +) }
    let parts = SimulatedRanks.run(split.count) { reducer in
      evaluate(
        options, from: starts[reducer.rank], count: split[reducer.rank], threads: threads, reducer)
    }
    return Outcome(
      results: parts.map(\.result), main: parts.flatMap(\.main),
      auxiliary: parts.flatMap(\.auxiliary))
  }

  /// The maps of the whole batch.
  func maps(_ options: DifficultyOptions, threads: Int = 1) -> DifficultyMaps {
    withInputs(from: 0, count: images) {
      DifficultyEngine(threadCount: threads).difficultyMaps($0, options: options)
    }
  }

  /// Calls `body` with views of some images.
  private func withInputs<Result>(
    from first: Int, count: Int, _ body: (DifficultyInputs) -> Result
  ) -> Result {
    let image = classes * low.height * low.width
    let pixels = size.height * size.width
    return studentMain.withUnsafeBufferPointer { sm in
      (studentAuxiliary ?? []).withUnsafeBufferPointer { sa in
        teacherMain.withUnsafeBufferPointer { tm in
          (teacherAuxiliary ?? []).withUnsafeBufferPointer { ta in
            labels.withUnsafeBufferPointer { y in
              guard let student = sm.baseAddress, let labels = y.baseAddress else {
                fatalError("Batch: empty")
              }
              func view(_ buffer: UnsafeBufferPointer<Float>) -> UnsafePointer<Float>? {
                buffer.isEmpty ? nil : buffer.baseAddress.map { $0 + first * image }
              }
              return body(
                DifficultyInputs(
                  images: .init(count: count, first: first, globalCount: images),
                  sizes: .init(
                    classCount: classes, lowHeight: low.height, lowWidth: low.width,
                    height: size.height, width: size.width),
                  student: .init(main: student + first * image, auxiliary: view(sa)),
                  teacher: view(tm).map { .init(main: $0, auxiliary: view(ta)) },
                  labels: labels + first * pixels))
            }
          }
        }
      }
    }
  }

  private struct Part: Sendable {
    var result: DifficultyResult
    var main: [Float]
    var auxiliary: [Float]
  }

  private func evaluate(
    _ options: DifficultyOptions, from first: Int, count: Int, threads: Int,
    _ reducer: any Reducer
  ) -> Part {
    let image = classes * low.height * low.width
    var main = [Float](repeating: .nan, count: max(count * image, 1))
    var auxiliary = main
    let engine = DifficultyEngine(threadCount: threads)
    let result = main.withUnsafeMutableBufferPointer { gm in
      auxiliary.withUnsafeMutableBufferPointer { ga in
        withInputs(from: first, count: count) { inputs in
          guard let gm = gm.baseAddress else { fatalError("Batch: no room for gradients") }
          return engine.evaluate(
            inputs, options: options,
            gradients: DifficultyGradients(main: gm, auxiliary: ga.baseAddress), reducer: reducer)
        }
      }
    }
    return Part(
      result: result, main: Array(main.prefix(count * image)),
      auxiliary: studentAuxiliary == nil ? [] : Array(auxiliary.prefix(count * image)))
  }
}

/// The largest error of a gradient, relative to its largest value.
func relativeError(_ found: [Float], _ expected: [Float]) -> Double {
  guard found.count == expected.count else { return .infinity }
  let largest = Double(expected.map(abs).max() ?? 0)
  let error = zip(found, expected).map { abs(Double($0) - Double($1)) }.max() ?? 0
  if error.isNaN || found.contains(where: \.isNaN) { return .infinity }
  return largest > 0 ? error / largest : error
}

/// The error of a loss, relative to the expected one, or absolute where that is 0.
func relativeError(_ found: Double, _ expected: Double) -> Double {
  let error = abs(found - expected)
  if error.isNaN { return .infinity }
  return expected == 0 ? error : error / abs(expected)
}
