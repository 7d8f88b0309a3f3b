import Foundation
import Networks
import Recipes
import Steps
import Torch

/// Times the frozen teacher, compiled and operator by operator: `rdd bench teacher`.
package enum TeacherBench {
  /// What one engine took.
  package struct Engine: Codable, Sendable {
    /// Seconds of a call, the median over calls and ranks.
    package let seconds: Double
    /// Seconds of processor time of a call, likewise.
    package let processorSeconds: Double

    enum CodingKeys: String, CodingKey {
      case seconds
      case processorSeconds = "processor_seconds"
    }
  }

  /// What one run measured.
  package struct Timings: Codable, Sendable {
    /// The teacher.
    package let network: String
    /// The number format.
    package let precision: String
    /// Images of a call on rank 0.
    package let images: Int
    /// Height and width of the images.
    package let crop: [Int]
    /// The number of ranks, which all work at once.
    package let ranks: Int
    /// Threads of each rank.
    package let threads: Int
    /// Calls of each engine, in turn.
    package let calls: Int
    /// The compiled network.
    package let compiled: Engine
    /// LibTorch's operators.
    package let eager: Engine
    /// Compiled time by eager time, pair by pair: the median, the least and the largest.
    package let ratio: [Double]
    /// The largest difference of their logits, of either head, relative to the largest logit.
    package let difference: Double
  }

  /// Times both engines in turn on random images of the recipe's crop. Collective.
  ///
  /// - Parameters:
  ///   - recipe: the teacher, the precision, the crop and the batch that the ranks share.
  ///   - calls: how many of each engine are timed, after one that is not.
  ///   - coordinator: the ranks.
  /// - Throws: `TrainingError` without a teacher, and where it is never compiled.
  package static func run(
    _ recipe: Recipe, calls: Int, coordinator: Coordinator
  ) throws -> Timings {
    try coordinator.requireImages(recipe.train.batchSize)
    guard recipe.train.device == .cpu, recipe.train.precision != .float64 else {
      throw TrainingError(
        .badData,
        "teacher: found device \(recipe.train.device.rawValue), precision "
          + "\(recipe.train.precision.rawValue); expected cpu with float32 or bfloat16, where the "
          + "teacher can be compiled; set train.device and train.precision")
    }
    guard let network = try NetworkFactory.teacher(recipe) else {
      throw TrainingError(
        .badData,
        "distill.method: found none; expected a recipe with a teacher; take the recipe that "
          + "distils")
    }
    guard network.graph == nil else {
      throw TrainingError(
        .badData,
        "teacher.network: \(network.architecture): found an ONNX file; expected a network of the zoo: "
          + "graphs are not compiled; use rdd bench step")
    }
    TorchRuntime.threads = coordinator.threadCount
    TorchRuntime.keepMemory()
    let precision = recipe.train.precision.elementType
    let engines: [Teacher] = [
      .compiled(FrozenNetwork(network, precision: precision)),
      .eager(network, precision: precision, withStages: false),
    ]
    let positions = coordinator.positions(of: recipe.train.batchSize)
    let shape = [positions.count, 3, recipe.data.cropHeight, recipe.data.cropWidth]
    let images = BenchTimes.noise(shape, deviation: 60, index: positions.lowerBound)
    let outputs = engines.map { $0(images) }
    var seconds = engines.map { _ in [Double]() }
    var processor = engines.map { _ in [Double]() }
    for _ in 0..<calls {
      for (index, engine) in engines.enumerated() {
        let before = ProcessUsage().processorSeconds
        seconds[index].append(BenchTimes.seconds { _ = engine(images) })
        processor[index].append(ProcessUsage().processorSeconds - before)
      }
    }
    func all(_ values: [Double]) throws -> [Double] {
      try coordinator.gathered(values).flatMap { $0 }
    }
    func engine(_ index: Int) throws -> Engine {
      Engine(
        seconds: BenchTimes.median(try all(seconds[index])),
        processorSeconds: BenchTimes.median(try all(processor[index])))
    }
    let ratios = try all(zip(seconds[0], seconds[1]).map { $0 / max($1, 1e-9) })
    return Timings(
      network: network.architecture.rawValue, precision: recipe.train.precision.rawValue,
      images: positions.count, crop: [recipe.data.cropHeight, recipe.data.cropWidth],
      ranks: coordinator.worldSize, threads: coordinator.threadCount, calls: calls,
      compiled: try engine(0), eager: try engine(1),
      ratio: [BenchTimes.median(ratios), ratios.min() ?? 0, ratios.max() ?? 0],
      difference: try coordinator.maximum(difference(outputs[0], outputs[1])))
  }

  private static func difference(_ found: SegmentationOutput, _ expected: SegmentationOutput)
    -> Double
  {
    func relative(_ found: Tensor, _ expected: Tensor) -> Double {
      let (found, expected) = (found.to(.float64), expected.to(.float64))
      let largest = expected.magnitude.amax().array(Double.self)[0]
      return (found - expected).magnitude.amax().array(Double.self)[0] / max(largest, 1e-300)
    }
    let main = relative(found.logits, expected.logits)
    guard let mine = found.auxiliaryLogits, let other = expected.auxiliaryLogits else {
      return main
    }
    return max(main, relative(mine, other))
  }
}

extension TeacherBench.Timings {
  /// One JSON object.
  package var json: String { get throws { try BenchTimes.json(self) } }

  /// Lines for people; times in milliseconds.
  package var table: String {
    let lines = [("compiled", compiled), ("eager", eager)].map { name, engine in
      BenchTimes.row(name, [engine.seconds, engine.processorSeconds].map(BenchTimes.milliseconds))
    }
    let head =
      "\(network), \(precision): \(images) images of \(crop[0]) x \(crop[1]) a rank, "
      + "\(ranks) rank\(ranks == 1 ? "" : "s") x \(threads) thread\(threads == 1 ? "" : "s"), "
      + "\(calls) calls of each in turn"
    return
      ([head, BenchTimes.row("milliseconds", ["median", "processor"])] + lines + [
        String(
          format: "compiled / eager   %.3f (%.3f to %.3f)", ratio[0], ratio[1], ratio[2]),
        String(format: "largest difference of a logit, relative   %.2g", difference),
      ]).joined(separator: "\n")
  }
}
