import Datasets
import Testing

@Suite struct SampleOrderTests {
  private func stream(_ order: SampleOrder, batchSize: Int, iterations: Int) -> [Int] {
    (1...iterations).flatMap { iteration in
      (0..<batchSize).map {
        order.sampleIndex(iteration: iteration, position: $0, batchSize: batchSize)
      }
    }
  }

  @Test func everyEpochIsAPermutationOfItsOwn() {
    for count in [1, 2, 5, 13] {
      let order = SampleOrder(sampleCount: count, seed: 4)
      let stream = stream(order, batchSize: count, iterations: 6)
      let epochs = (0..<6).map { Array(stream[count * $0..<count * ($0 + 1)]) }
      for epoch in epochs { #expect(epoch.sorted() == Array(0..<count)) }
      if count == 13 { #expect(Set(epochs).count == 6) }
    }
  }

  @Test func streamDoesNotDependOnTheBatchSize() {
    let expected = stream(SampleOrder(sampleCount: 7, seed: 4), batchSize: 1, iterations: 60)
    for batchSize in [2, 3, 5, 20] {
      let order = SampleOrder(sampleCount: 7, seed: 4)
      #expect(stream(order, batchSize: batchSize, iterations: 60 / batchSize) == expected)
    }
  }

  @Test func anyEntryCanBeAskedForFirst() {
    let forward = stream(SampleOrder(sampleCount: 5, seed: 4), batchSize: 4, iterations: 20)
    let order = SampleOrder(sampleCount: 5, seed: 4)
    for entry in (0..<80).reversed() {
      let index = order.sampleIndex(iteration: entry / 4 + 1, position: entry % 4, batchSize: 4)
      #expect(index == forward[entry])
    }
  }

  @Test func seedsDiffer() {
    let streams = (0..<10).map {
      stream(SampleOrder(sampleCount: 20, seed: $0), batchSize: 20, iterations: 1)
    }
    #expect(Set(streams).count == 10)
  }

  @Test func everySampleComesFirstEquallyOften() {
    let order = SampleOrder(sampleCount: 4, seed: 8)
    var counts = [0, 0, 0, 0]
    for epoch in 0..<4000 {
      counts[order.sampleIndex(iteration: epoch + 1, position: 0, batchSize: 4)] += 1
    }
    #expect(counts.allSatisfy { abs($0 - 1000) < 150 })
  }

  @Test func withoutShufflingTheListRepeats() {
    let order = SampleOrder(sampleCount: 3, seed: 4, isShuffled: false)
    #expect(stream(order, batchSize: 2, iterations: 4) == [0, 1, 2, 0, 1, 2, 0, 1])
  }
}
