import Host

/// Reads and augments the batches of a rank ahead of their use, on its own threads.
///
/// What a batch holds depends on source, order, augmentation, iteration and position alone: the
/// number of threads and the division into ranks change nothing. At most `batchesAhead` finished or
/// begun batches wait, and their buffers are used again.
package final class BatchLoader: Sendable {
  private let work: LoaderWork
  private let threads: WorkerThreads

  /// A loader that starts to read at once.
  ///
  /// - Parameters:
  ///   - source: what reads a sample.
  ///   - order: over exactly the samples of `source`.
  ///   - augmentation: what is drawn and done to each sample.
  ///   - batchSize: the images of a global batch, of all ranks.
  ///   - positions: this rank's places in the global batch; may be empty.
  ///   - iterations: first and last iteration, from 1; a resumed run starts later.
  ///   - threadCount: threads that read and augment.
  ///   - batchesAhead: batches that are read before they are asked for, at least 1.
  /// - Throws: `ThreadError` if the system does not give all threads.
  package init(
    source: any SampleSource, order: SampleOrder, augmentation: Augmentation, batchSize: Int,
    positions: Range<Int>, iterations: ClosedRange<Int>, threadCount: Int, batchesAhead: Int
  ) throws(ThreadError) {
    precondition(
      order.sampleCount == source.count,
      "order of \(order.sampleCount) samples, source of \(source.count)")
    precondition(
      batchSize > 0 && positions.lowerBound >= 0 && positions.upperBound <= batchSize,
      "positions \(positions) of a batch of \(batchSize)")
    precondition(
      iterations.lowerBound >= 1 && threadCount >= 1 && batchesAhead >= 1,
      "iterations \(iterations), \(threadCount) threads, \(batchesAhead) batches ahead")
    let work = LoaderWork(
      source: source, order: order, augmentation: augmentation, batchSize: batchSize,
      positions: positions, iterations: iterations, batchesAhead: batchesAhead)
    self.work = work
    threads = try WorkerThreads("rdd-images", count: threadCount, stop: work.stop) { work.run() }
  }

  deinit { stop() }

  /// The batch of the next iteration, waiting for it if need be.
  ///
  /// Call it once for each iteration, from one thread at a time.
  /// - Throws: the error of the sample with the lowest position, which names its file; from then
  ///   on the same error again.
  package func next() throws -> Batch { try work.next() }

  /// Waits until the batch of the next iteration is made, which `next()` will return; its error, or nil.
  ///
  /// From the thread that calls `next()`, and not after the last iteration.
  package func failureOfNext() -> (any Error)? { work.failureOfNext() }

  /// How long it was waited for batches so far, in seconds.
  package var waitedSeconds: Double { work.waitedSeconds }

  /// Ends the threads and waits for them; `next()` must not be called afterwards.
  package func stop() {
    work.stop()
    threads.join()
  }
}
