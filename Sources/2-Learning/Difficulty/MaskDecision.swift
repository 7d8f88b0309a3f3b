import Host
import Reduction

/// The probability maps of a step, `[imageCount, height, paddedWidth]` each.
struct ProbabilityMaps {
  /// Student main and, where there is an auxiliary head, student auxiliary.
  var student: [UnsafePointer<Float>]
  /// The teacher's maps for the same heads; the student's again where there is no teacher.
  var teacher: [UnsafePointer<Float>]
  /// The labels; ignored ones hold the class count.
  var labels: UnsafePointer<UInt8>
  /// The number of pixels of a map, a multiple of 16.
  var pixelCount: Int
  var classCount: Int
}

/// Thresholds and counts that fix the masks of a step.
struct MaskDecision {
  /// For each head, which pixels are hard.
  var pixels: [HardPixels]
  /// For each head, the pixels of each class in the mask.
  var classCounts: [[Int64]]
  /// The number of valid pixels.
  var validCount: Int64
  /// What is reported: for each head the student's and the teacher's.
  var thresholds: [Float]
  /// The numbers of hard pixels, in the same order.
  var keptCounts: [Int64]
  /// Whether too few pixels are valid, so that all of them are hard.
  var fallback: Bool
  /// The number of collectives.
  var collectives: Int

  /// Decides, with one collective when the threshold itself keeps enough. Collective.
  ///
  /// - Parameters:
  ///   - validCount: this rank's number of valid pixels.
  ///   - reducer: over which ranks counts are summed.
  init(
    _ maps: ProbabilityMaps, validCount local: Int64, options: DifficultyOptions,
    reducer: any Reducer, pool: WorkerPool
  ) {
    let heads = maps.student.count
    let classes = maps.classCount
    let required = Int64(options.minimumKept)
    let plain = HardPixels(
      mask: options.mask, studentThreshold: Float(options.threshold),
      teacherThreshold: Float(options.threshold))
    pixels = Array(repeating: plain, count: heads)
    thresholds = Array(repeating: Float(options.threshold), count: 2 * heads)
    classCounts = []
    collectives = 1

    // Round 1: valid pixels, hard pixels, and the class counts that hold if no threshold moves.
    var totals = [local] + Self.count(maps, pixels, pool)
    reducer.sum(&totals)
    validCount = totals[0]
    keptCounts = Array(totals[1...2 * heads])
    var counts = Array(totals[(1 + 2 * heads)...])
    fallback = validCount < required || validCount == 0
    let short = (0..<2 * heads).filter { required > 0 && keptCounts[$0] < required }
    if fallback {
      for head in 0..<heads {
        pixels[head] = HardPixels(
          mask: options.mask, studentThreshold: .infinity, teacherThreshold: .infinity)
      }
      keptCounts = Array(repeating: validCount, count: 2 * heads)
    } else if !short.isEmpty {
      // Rounds 2 and 3: the k-th smallest probabilities.
      let selection = ExactSelection(threshold: Float(options.threshold))
      let queries = short.map { output in
        ExactSelection.Query(
          values: UnsafeBufferPointer(
            start: output % 2 == 0 ? maps.student[output / 2] : maps.teacher[output / 2],
            count: maps.pixelCount),
          rank: required, countAtThreshold: keptCounts[output])
      }
      let answers = selection.run(queries, reducer: reducer, pool: pool)
      collectives += selection.collectives
      for (output, answer) in zip(short, answers) {
        thresholds[output] = answer.value
        keptCounts[output] = answer.count
      }
      for head in 0..<heads {
        pixels[head] = HardPixels(
          mask: options.mask, studentThreshold: thresholds[2 * head],
          teacherThreshold: thresholds[2 * head + 1])
      }
    }
    if fallback || !short.isEmpty {
      // Round 4: class counts with the final thresholds.
      counts = Array(Self.count(maps, pixels, pool)[(2 * heads)...])
      reducer.sum(&counts)
      collectives += 1
    }
    classCounts = (0..<heads).map { Array(counts[$0 * classes..<($0 + 1) * classes]) }
  }

  /// Counts this rank's pixels: hard ones for each head's student and teacher, then class counts.
  private static func count(
    _ maps: ProbabilityMaps, _ pixels: [HardPixels], _ pool: WorkerPool
  ) -> [Int64] {
    let heads = maps.student.count
    let row = maps.classCount + 1
    let size = heads * (2 + row)
    let piece = 1 << 14
    let pieces = (maps.pixelCount + piece - 1) / piece
    var parts = [Int64](repeating: 0, count: pool.threadCount * size)
    parts.withUnsafeMutableBufferPointer { parts in
      guard let base = parts.baseAddress else { return }
      pool.run(heads * pieces) { task, worker in
        let head = task / pieces
        let begin = task % pieces * piece
        let mine = base + worker * size
        let hard = pixels[head].count(
          min(piece, maps.pixelCount - begin), labels: maps.labels + begin,
          student: maps.student[head] + begin, teacher: maps.teacher[head] + begin,
          classCounts: mine + 2 * heads + head * row)
        mine[2 * head] += hard.student
        mine[2 * head + 1] += hard.teacher
      }
    }
    let sums = (0..<size).map { index in
      (0..<pool.threadCount).reduce(0) { $0 + parts[$1 * size + index] }
    }
    var result = Array(sums[..<(2 * heads)])
    for head in 0..<heads {
      let begin = 2 * heads + head * row
      result += sums[begin..<(begin + maps.classCount)]
    }
    return result
  }

  /// The denominator of a head's masked mean: class weights times counts, in class order.
  func denominator(_ head: Int, _ classWeights: [Float]?) -> Double {
    var sum = 0.0
    for (c, count) in classCounts[head].enumerated() {
      sum += Double(classWeights?[c] ?? 1) * Double(count)
    }
    return sum
  }
}
