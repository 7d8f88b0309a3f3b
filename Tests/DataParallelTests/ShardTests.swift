import DataParallel
import Testing

/// Every shard of every small batch: 8 numbers of ranks, 18 batch sizes.
@Suite struct ShardTests {
  @Test(arguments: 1...8)
  func shardsCoverTheBatchOnce(worldSize: Int) {
    for batchSize in 0...17 {
      let shards = (0..<worldSize).map {
        Shard.range(of: batchSize, rank: $0, worldSize: worldSize)
      }
      // Contiguous and in rank order, from 0 to the end: so they are disjoint and cover all.
      #expect(shards[0].lowerBound == 0)
      #expect(shards[worldSize - 1].upperBound == batchSize)
      for rank in 1..<worldSize where worldSize > 1 {
        #expect(shards[rank].lowerBound == shards[rank - 1].upperBound)
      }
      let longer = batchSize % worldSize
      for rank in 0..<worldSize {
        #expect(shards[rank].count == batchSize / worldSize + (rank < longer ? 1 : 0))
      }
    }
  }
}
