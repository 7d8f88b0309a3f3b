import Host

/// What the threads of a `BatchLoader` and its consumer share.
final class LoaderWork: Sendable {
  /// A batch that is being made.
  fileprivate struct Pending {
    let storage: BatchStorage
    let sampleIndices: [Int]
    var remaining: Int
    var failure: (offset: Int, error: any Error)?
  }

  /// One image to be made: place `offset` of this rank's part of an iteration.
  private struct Task {
    let iteration: Int
    let offset: Int
    let sampleIndex: Int
    let storage: BatchStorage
  }

  /// What a thread does next.
  private enum Next {
    case make(Task)
    /// Nothing is left to do, or the loader was stopped.
    case end
  }

  /// What is wrong with a batch that is made, if anything is.
  private struct FirstFailure {
    var error: (any Error)?
  }

  private struct State {
    var pending: [Int: Pending] = [:]
    var nextToConsume: Int
    var nextToRead: Int
    var nextOffset = 0
    var isStopped = false
    var failure: (any Error)?
    var waited = Duration.zero
  }

  private let source: any SampleSource
  private let order: SampleOrder
  private let augmentation: Augmentation
  private let batchSize: Int
  private let positions: Range<Int>
  private let iterations: ClosedRange<Int>
  private let batchesAhead: Int
  private let pool: BatchPool
  private let monitor: Monitor<State>

  init(
    source: any SampleSource, order: SampleOrder, augmentation: Augmentation, batchSize: Int,
    positions: Range<Int>, iterations: ClosedRange<Int>, batchesAhead: Int
  ) {
    self.source = source
    self.order = order
    self.augmentation = augmentation
    self.batchSize = batchSize
    self.positions = positions
    self.iterations = iterations
    self.batchesAhead = batchesAhead
    pool = BatchPool(pixelCount: positions.count * augmentation.crop.pixelCount)
    monitor = Monitor(
      State(nextToConsume: iterations.lowerBound, nextToRead: iterations.lowerBound))
  }

  /// The life of a thread.
  func run() {
    while case .make(let task) = monitor.wait(nextStep) {
      var failure: (any Error)?
      do { try make(task) } catch { failure = error }
      monitor.change { state in
        state.pending[task.iteration]?.finish(task.offset, failure)
      }
    }
  }

  /// What a thread does next; nil if it is to wait, as enough batches are ahead.
  private func nextStep(_ state: inout State) -> Next? {
    if state.isStopped || state.nextToRead > iterations.upperBound || positions.isEmpty {
      return .end
    }
    guard state.nextToRead - state.nextToConsume < batchesAhead else { return nil }
    let iteration = state.nextToRead
    let pending = state.pending[iteration] ?? begin(iteration)
    state.pending[iteration] = pending
    let offset = state.nextOffset
    state.nextOffset += 1
    if state.nextOffset == positions.count {
      state.nextOffset = 0
      state.nextToRead += 1
    }
    return .make(
      Task(
        iteration: iteration, offset: offset, sampleIndex: pending.sampleIndices[offset],
        storage: pending.storage))
  }

  private func begin(_ iteration: Int) -> Pending {
    Pending(
      storage: pool.take(), sampleIndices: sampleIndices(iteration), remaining: positions.count)
  }

  private func sampleIndices(_ iteration: Int) -> [Int] {
    positions.map {
      order.sampleIndex(iteration: iteration, position: $0, batchSize: batchSize)
    }
  }

  private func make(_ task: Task) throws {
    let sample = try source.sample(task.sampleIndex)
    let draws = augmentation.draws(
      iteration: task.iteration, position: positions.lowerBound + task.offset,
      height: sample.image.height, width: sample.image.width)
    let count = augmentation.crop.pixelCount
    let start = task.offset * count
    augmentation.apply(
      draws, to: sample,
      image: .init(rebasing: task.storage.images[3 * start..<3 * (start + count)]),
      labels: .init(rebasing: task.storage.labels[start..<start + count]))
  }

  func next() throws -> Batch {
    let start = ContinuousClock.now
    let result = monitor.wait { state -> Result<Batch, any Error>? in
      precondition(
        !state.isStopped || state.failure != nil, "next() after the loader was stopped")
      if let failure = state.failure { return .failure(failure) }
      precondition(
        state.nextToConsume <= iterations.upperBound,
        "next() after the last iteration, \(iterations.upperBound)")
      guard let pending = finished(&state) else { return nil }
      state.waited += .now - start
      if let failure = pending.failure {
        state.failure = failure.error
        state.isStopped = true
        return .failure(failure.error)
      }
      defer { state.nextToConsume += 1 }
      return .success(
        Batch(
          iteration: state.nextToConsume, positions: positions,
          sampleIndices: pending.sampleIndices, crop: augmentation.crop, storage: pending.storage,
          pool: pool))
    }
    return try result.get()
  }

  func failureOfNext() -> (any Error)? {
    let start = ContinuousClock.now
    return monitor.wait { state -> FirstFailure? in
      precondition(
        !state.isStopped || state.failure != nil, "failureOfNext() after the loader was stopped")
      if let failure = state.failure { return FirstFailure(error: failure) }
      precondition(
        state.nextToConsume <= iterations.upperBound,
        "failureOfNext() after the last iteration, \(iterations.upperBound)")
      if positions.isEmpty { return FirstFailure() }
      guard let pending = state.pending[state.nextToConsume], pending.remaining == 0 else {
        return nil
      }
      state.waited += .now - start
      return FirstFailure(error: pending.failure?.error)
    }.error
  }

  /// Takes the batch that is to be consumed next, if all its images are made.
  private func finished(_ state: inout State) -> Pending? {
    if positions.isEmpty { return begin(state.nextToConsume) }
    guard state.pending[state.nextToConsume]?.remaining == 0 else { return nil }
    return state.pending.removeValue(forKey: state.nextToConsume)
  }

  var waitedSeconds: Double {
    let waited = monitor.change { $0.waited }
    return Double(waited.components.seconds) + Double(waited.components.attoseconds) * 1e-18
  }

  func stop() {
    monitor.change { $0.isStopped = true }
  }
}

extension LoaderWork.Pending {
  /// Counts an image as done; of several failures the one with the lowest place is kept, so that
  /// the message does not depend on which thread was faster.
  fileprivate mutating func finish(_ offset: Int, _ error: (any Error)?) {
    remaining -= 1
    if let error, offset < failure?.offset ?? .max { failure = (offset, error) }
  }
}
