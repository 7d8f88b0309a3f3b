import Datasets
import Foundation
import Synchronization
import Testing

@Suite struct BatchLoaderTests {
  /// A global batch as bytes: images and labels of all positions in order.
  private struct Content: Equatable {
    var sampleIndices: [Int] = []
    var images: [UInt32] = []
    var labels: [UInt8] = []
  }

  private let crop = CropSize(height: 26, width: 34)
  private let batchSize = 6

  /// The global batches of some iterations, put together from `rankCount` loaders.
  private func load(
    rankCount: Int, threadCount: Int, batchesAhead: Int = 2,
    iterations: ClosedRange<Int> = 1...5, source: any SampleSource = NoiseSource(count: 7)
  ) throws -> [Content] {
    let order = SampleOrder(sampleCount: source.count, seed: 11)
    let loaders = try (0..<rankCount).map { rank in
      try BatchLoader(
        source: source, order: order, augmentation: Augmentation(crop: crop, seed: 11),
        batchSize: batchSize,
        positions: batchSize * rank / rankCount..<batchSize * (rank + 1) / rankCount,
        iterations: iterations, threadCount: threadCount, batchesAhead: batchesAhead)
    }
    return try iterations.map { iteration in
      var content = Content()
      for loader in loaders {
        let batch = try loader.next()
        #expect(batch.iteration == iteration)
        #expect(batch.images.count == batch.positions.count * 3 * crop.pixelCount)
        content.sampleIndices += batch.sampleIndices
        content.images += batch.images.map(\.bitPattern)
        content.labels += batch.labels
      }
      return content
    }
  }

  @Test func batchesAreTheSameForAnyRanksAndThreads() throws {
    let expected = try load(rankCount: 1, threadCount: 1, batchesAhead: 1)
    #expect(Set(expected.flatMap(\.sampleIndices)) == Set(0..<7))
    for rankCount in [1, 2, 3, 6] {
      for threadCount in [1, 2, 4] {
        for batchesAhead in [1, 3] {
          let loaded = try load(
            rankCount: rankCount, threadCount: threadCount, batchesAhead: batchesAhead)
          let isSame = loaded == expected
          #expect(isSame, "\(rankCount) ranks, \(threadCount) threads, \(batchesAhead) ahead")
        }
      }
    }
  }

  @Test func laterStartGivesTheSameBatches() throws {
    let all = try load(rankCount: 1, threadCount: 2)
    let resumed = try load(rankCount: 2, threadCount: 2, iterations: 3...5)
    let isSame = Array(all[2...]) == resumed
    #expect(isSame)
  }

  @Test func cacheChangesNothing() throws {
    let plain = try load(rankCount: 1, threadCount: 2)
    for maximumBytes in [0, 20_000, 1 << 20] {
      let cache = CachedSource(NoiseSource(count: 7), maximumBytes: maximumBytes)
      let isSame = try load(rankCount: 1, threadCount: 3, source: cache) == plain
      #expect(isSame)
      #expect(cache.cachedBytes <= maximumBytes)
      #expect((cache.cachedBytes > 0) == (maximumBytes > 0))
    }
  }

  @Test func rankWithoutImagesGetsEmptyBatches() throws {
    let loader = try BatchLoader(
      source: NoiseSource(count: 3), order: SampleOrder(sampleCount: 3, seed: 0),
      augmentation: Augmentation(crop: crop, seed: 0), batchSize: 2, positions: 2..<2,
      iterations: 1...2, threadCount: 1, batchesAhead: 1)
    for iteration in 1...2 {
      let batch = try loader.next()
      #expect(batch.iteration == iteration && batch.images.isEmpty && batch.labels.isEmpty)
    }
  }

  /// Counts what is read, and fails on some samples.
  private final class CountingSource: SampleSource {
    let count = 8
    let reads = Mutex<[Int]>([])
    let failing: Set<Int>
    var classes: ClassList { .camvid }
    init(failing: Set<Int> = []) { self.failing = failing }
    func name(_ index: Int) -> String { "\(index)" }
    func sample(_ index: Int) throws -> LabelledImage {
      reads.withLock { $0.append(index) }
      if failing.contains(index) { throw DatasetError(.image, at: "file \(index)", "is broken") }
      return NoiseSource(count: 8).sample(index)
    }
  }

  private func loader(
    _ source: CountingSource, threadCount: Int = 2, batchesAhead: Int = 2
  ) throws -> BatchLoader {
    try BatchLoader(
      source: source, order: SampleOrder(sampleCount: 8, seed: 0, isShuffled: false),
      augmentation: Augmentation(crop: crop, seed: 0), batchSize: 2, positions: 0..<2,
      iterations: 1...100, threadCount: threadCount, batchesAhead: batchesAhead)
  }

  @Test(arguments: [1, 2, 4])
  func errorNamesTheFirstBrokenFileAtItsIteration(threadCount: Int) throws {
    let loader = try loader(CountingSource(failing: [4, 5]), threadCount: threadCount)
    for iteration in 1...2 { #expect(try loader.next().iteration == iteration) }
    for _ in 0..<2 {
      let error = #expect(throws: DatasetError.self) { try loader.next() }
      #expect(error?.description == "image: file 4: is broken")
    }
  }

  /// What is wrong with the next batch is known before it is taken, and none is taken by asking.
  @Test(arguments: [1, 3])
  func failureOfTheNextBatchIsKnownBefore(batchesAhead: Int) throws {
    let source = CountingSource(failing: [5])
    let loader = try loader(source, batchesAhead: batchesAhead)
    for iteration in 1...2 {
      #expect(loader.failureOfNext() == nil)
      usleep(20_000)
      #expect(source.reads.withLock { $0.count } <= 2 * (iteration - 1 + batchesAhead))
      #expect(try loader.next().iteration == iteration)
    }
    for _ in 0..<2 {
      let error = loader.failureOfNext() as? DatasetError
      #expect(error?.description == "image: file 5: is broken")
    }
    #expect(throws: DatasetError.self) { try loader.next() }
    #expect(loader.failureOfNext() != nil)
  }

  @Test func readsNoFurtherAheadThanAllowed() throws {
    let source = CountingSource()
    let loader = try loader(source, threadCount: 4, batchesAhead: 3)
    for iteration in 1...4 {
      let batch = try loader.next()
      usleep(30_000)
      // Iterations up to the one in hand, and three more, of two images each.
      let count = source.reads.withLock { $0.count }
      #expect(count <= 2 * (batch.iteration + 3) && count >= 2 * iteration)
    }
    loader.stop()
    let count = source.reads.withLock { $0.count }
    usleep(30_000)
    #expect(source.reads.withLock { $0.count } == count)
    #expect(loader.waitedSeconds > 0 && loader.waitedSeconds < 5)
  }

  @Test func buffersAreUsedAgain() throws {
    let loader = try loader(CountingSource(), threadCount: 1, batchesAhead: 1)
    var places: Set<UnsafeMutablePointer<Float>?> = []
    for _ in 0..<50 { places.insert(try loader.next().images.baseAddress) }
    #expect(places.count <= 3)
  }

  @Test func batchesInHandAreNotOverwritten() throws {
    let loader = try loader(CountingSource(), threadCount: 2, batchesAhead: 2)
    let kept = try (0..<5).map { _ in try loader.next() }
    let copies = kept.map { Array($0.images) }
    for _ in 0..<10 { _ = try loader.next() }
    for (batch, copy) in zip(kept, copies) {
      let isSame = Array(batch.images) == copy
      #expect(isSame)
    }
  }

  @Test func loaderThatIsDroppedEndsItsThreads() throws {
    let source = CountingSource()
    for _ in 0..<20 { _ = try loader(source, threadCount: 4) }
    let count = source.reads.withLock { $0.count }
    usleep(20_000)
    #expect(source.reads.withLock { $0.count } == count)
  }
}
