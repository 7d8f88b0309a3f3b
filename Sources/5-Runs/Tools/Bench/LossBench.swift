import Difficulty
import Foundation
import Randomness
import Recipes
import Steps
import Torch

/// Times the losses of a recipe on random logits and labels: `rdd bench loss`.
package enum LossBench {
  /// What the losses took, by stage.
  package struct Timings: Encodable, Sendable {
    /// The images of this rank.
    package let images: Int
    /// Height and width of the labels.
    package let crop: [Int]
    /// The classes.
    package let classes: Int
    /// Threads of this rank.
    package let threads: Int
    /// Seconds of a call, the median, by stage.
    package let seconds: [String: Double]
    /// Seconds of processor time of a call, the mean, by stage.
    package let processorSeconds: [String: Double]
    /// Bytes beyond logits and labels that the calls had in memory at most.
    package let extraBytes: Int

    enum CodingKeys: String, CodingKey {
      case images, crop, classes, threads, seconds
      case processorSeconds = "processor_seconds"
      case extraBytes = "extra_bytes"
    }
  }

  /// Times the stages of a recipe's method. Collective.
  ///
  /// - Parameters:
  ///   - recipe: method, crop, classes and batch.
  ///   - calls: how many are timed, after a tenth more and at least two that are not.
  ///   - coordinator: the ranks.
  package static func run(
    _ recipe: Recipe, calls: Int, coordinator: Coordinator
  ) throws -> Timings {
    try coordinator.requireImages(recipe.train.batchSize)
    let positions = coordinator.positions(of: recipe.train.batchSize)
    let data = recipe.data
    let size = [
      positions.count, data.classCount, (data.cropHeight + 7) / 8, (data.cropWidth + 7) / 8,
    ]
    // Logits of a deviation of 3: some pixels are easy, some are not.
    let logits = (0..<4).map {
      BenchTimes.noise(size, deviation: 3, index: 4 * positions.lowerBound + $0)
    }
    let student = TaskLoss.Heads(main: logits[0], auxiliary: logits[1])
    let teacher = TaskLoss.Heads(main: logits[2], auxiliary: logits[3])
    let labels = randomLabels(recipe, positions)
    let objective = Objective(recipe)
    let loss = TaskLoss(engine: recipe.lossEngine, threadCount: coordinator.threadCount)
    let before = ProcessUsage()
    var resident = before.residentBytes
    var seconds: [String: Double] = [:]
    var processorSeconds: [String: Double] = [:]
    for iteration in [1, recipe.train.iterations] {
      var times: [Double] = []
      let options = objective.options(iteration, imageCount: recipe.train.batchSize)
      var used = 0.0
      let untimed = max(calls / 10, 2)
      for call in 0..<calls + untimed {
        if call == untimed { used = ProcessUsage().processorSeconds }
        let seconds = labels.withUnsafeBufferPointer { labels in
          BenchTimes.seconds {
            _ = loss.evaluate(
              student: student, teacher: teacher,
              labels: TaskLoss.Labels(
                labels, imageCount: positions.count, height: data.cropHeight, width: data.cropWidth),
              firstImage: positions.lowerBound, globalImageCount: recipe.train.batchSize,
              options: options, reducer: coordinator.reducer)
          }
        }
        times.append(seconds)
        resident = max(resident, ProcessUsage().residentBytes)
      }
      let stage = objective.stage(iteration).rawValue
      seconds[stage] = BenchTimes.median(Array(times.suffix(calls)))
      processorSeconds[stage] = (ProcessUsage().processorSeconds - used) / Double(calls)
    }
    return Timings(
      images: positions.count, crop: [data.cropHeight, data.cropWidth], classes: data.classCount,
      threads: coordinator.threadCount, seconds: seconds,
      processorSeconds: processorSeconds,
      extraBytes: max(
        resident - before.residentBytes, ProcessUsage().peakBytes - before.peakBytes))
  }

  /// Random classes; the upper rows are ignored.
  private static func randomLabels(_ recipe: Recipe, _ positions: Range<Int>) -> [UInt8] {
    let data = recipe.data
    let pixels = data.cropHeight * data.cropWidth
    let ignored = data.cropHeight / 32 * data.cropWidth
    return positions.flatMap { position in
      var random = CounterRandom(.bench, seed: 2, position)
      return (0..<pixels).map { pixel in
        pixel < ignored ? 255 : UInt8(random.integer(below: data.classCount))
      }
    }
  }
}

extension LossBench.Timings {
  /// One JSON object.
  package var json: String { get throws { try BenchTimes.json(self) } }

  /// Lines for people.
  package var table: String {
    let head =
      "\(images) images of \(crop[0]) x \(crop[1]), \(classes) classes, \(threads) threads"
    let times = seconds.sorted { $0.key < $1.key }.map { stage, seconds in
      String(format: "%@  %.2f ms", stage, 1e3 * seconds)
    }
    return ([head] + times + ["extra memory  \(ByteCount.text(extraBytes))"]).joined(
      separator: "\n")
  }
}
