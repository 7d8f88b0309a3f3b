import Host

/// This rank's part of a global batch.
///
/// The memory belongs to the batch and goes back to the loader with it: keep the batch as long as
/// anything reads its buffers.
package final class Batch: Sendable {
  /// The iteration, from 1.
  package let iteration: Int
  /// The places in the global batch; n of them.
  package let positions: Range<Int>
  /// The samples at these places, by their index in the source.
  package let sampleIndices: [Int]
  /// H and W.
  package let crop: CropSize
  /// `[n, 3, H, W]`: B, G, R, mean subtracted.
  package var images: UnsafeMutableBufferPointer<Float> { storage.images }
  /// `[n, H, W]`: class indices; 255 is ignored.
  package var labels: UnsafeMutableBufferPointer<UInt8> { storage.labels }

  private let storage: BatchStorage
  private let pool: BatchPool

  init(
    iteration: Int, positions: Range<Int>, sampleIndices: [Int], crop: CropSize,
    storage: BatchStorage, pool: BatchPool
  ) {
    self.iteration = iteration
    self.positions = positions
    self.sampleIndices = sampleIndices
    self.crop = crop
    self.storage = storage
    self.pool = pool
  }

  deinit { pool.give(storage) }
}

/// The buffers of one batch. Threads write to disjoint parts of them.
final class BatchStorage: @unchecked Sendable {
  let images: UnsafeMutableBufferPointer<Float>
  let labels: UnsafeMutableBufferPointer<UInt8>

  init(pixelCount: Int) {
    images = .allocate(capacity: 3 * pixelCount)
    labels = .allocate(capacity: pixelCount)
  }

  deinit {
    images.deallocate()
    labels.deallocate()
  }
}

/// Buffers that wait for the next batch.
final class BatchPool: Sendable {
  private let pixelCount: Int
  private let free = Monitor<[BatchStorage]>([])

  init(pixelCount: Int) { self.pixelCount = pixelCount }

  func take() -> BatchStorage {
    free.change { $0.popLast() } ?? BatchStorage(pixelCount: pixelCount)
  }

  func give(_ storage: BatchStorage) {
    free.change { $0.append(storage) }
  }
}
