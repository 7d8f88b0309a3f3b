import DataParallel
import Difficulty
import Reduction
import Torch

/// With what a file is computed: engine, precision, device, and the ranks that share its images.
package struct ParityRun: Sendable {
  /// The engine that computes the losses.
  package var engine: TaskLoss.Engine
  /// float32 or float64.
  package var precision: ElementType
  /// Where networks and the reference engine compute.
  package var device: Device
  /// Threads of the fused engine.
  package var threadCount: Int
  /// The ranks.
  package var reducer: any Reducer
  /// The number of images of each rank; nil for equal shares.
  package var shares: [Int]?

  /// A run on the ranks of `reducer`.
  ///
  /// - Parameters:
  ///   - engine: the losses' engine; the fused one computes in float32 only.
  ///   - precision: float32 or float64.
  ///   - device: where networks and the reference engine compute.
  ///   - threadCount: threads of the fused engine.
  ///   - reducer: the ranks.
  package init(
    engine: TaskLoss.Engine = .fused, precision: ElementType = .float32, device: Device = .cpu,
    threadCount: Int = 1, reducer: any Reducer = SingleProcess()
  ) {
    precondition(
      precision == .float32 || (precision == .float64 && engine == .reference),
      "ParityRun: \(engine) in \(precision); expected float32, or float64 by the reference engine")
    self.engine = engine
    self.precision = precision
    self.device = device
    self.threadCount = threadCount
    self.reducer = reducer
  }

  /// One of two values: for float32, or for float64.
  func byPrecision(_ single: Double, _ double: Double) -> Double {
    precision == .float64 ? double : single
  }

  /// This rank's part of `count` images, values or cases.
  func range(of count: Int) -> Range<Int> {
    guard let shares, shares.reduce(0, +) == count else {
      return Shard.range(of: count, rank: reducer.rank, worldSize: reducer.worldSize)
    }
    let start = shares[..<reducer.rank].reduce(0, +)
    return start..<start + shares[reducer.rank]
  }

  /// Every rank's part in one array on all ranks. Collective.
  ///
  /// - Parameters:
  ///   - part: this rank's values: those of `range(of: count)`.
  ///   - count: images of all ranks.
  func gather(_ part: [Double], of count: Int) -> [Double] {
    let range = range(of: count)
    var sizes = [Int64(part.count)]
    reducer.sum(&sizes)
    guard count > 0 else { return [] }
    let size = Int(sizes[0]) / count
    precondition(
      part.count == range.count * size, "gather: \(part.count) values of \(range.count) images")
    var whole = [Double](repeating: 0, count: count * size)
    whole.replaceSubrange(range.lowerBound * size..<range.upperBound * size, with: part)
    reducer.sum(&whole)
    return whole
  }

  /// Runs `body` on exactly so many ranks: these if they are as many, else simulated ones.
  func onExactly<Result: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (ParityRun) -> Result
  ) -> Result {
    if reducer.worldSize == count { return body(self) }
    let plain = self
    return SimulatedRanks.run(count) { reducer in
      var run = plain
      run.reducer = reducer
      run.shares = nil
      return body(run)
    }[0]
  }

  /// A tensor of the run's precision on its device.
  func tensor(_ values: [Float], _ shape: [Int]) -> Tensor {
    Tensor(values, shape).to(precision, device: device)
  }
}
