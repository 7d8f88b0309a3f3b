import DataParallel
import MPI
import Testing

/// How gradients are dealt into buckets, without any rank.
@Suite struct GradientLayoutTests {
  private func shapes(_ counts: [Int], _ type: ElementType = .float32) -> [GradientShape] {
    counts.map { GradientShape(count: $0, type: type) }
  }

  @Test func bucketsFillUpToTheLimit() {
    let layout = GradientLayout(shapes([2, 2, 1, 9, 1, 0, 3]), bucketBytes: 16)
    #expect(layout.buckets.map(\.members) == [0..<2, 2..<3, 3..<4, 4..<7])
    #expect(layout.buckets.map(\.byteCount) == [16, 4, 36, 16])
    #expect(layout.buckets[3].offsets == [0, 4, 4])
    #expect(layout.bucketOfGradient == [0, 0, 1, 2, 3, 3, 3])
  }

  @Test func bucketHoldsOneType() {
    let layout = GradientLayout(
      shapes([1, 1]) + shapes([1], .float64) + shapes([1]), bucketBytes: 1 << 20)
    #expect(layout.buckets.map(\.members) == [0..<2, 2..<3, 3..<4])
    #expect(layout.buckets.map(\.type) == [.float32, .float64, .float32])
  }

  @Test func alignedMembersBeginAtMultiples() {
    let layout = GradientLayout(shapes([1, 17, 3]), bucketBytes: 1 << 20, alignment: 64)
    #expect(layout.buckets.map(\.offsets) == [[0, 64, 192]])
    #expect(layout.buckets.map(\.byteCount) == [256])
  }

  @Test func noGradientsMakeNoBuckets() {
    #expect(GradientLayout([], bucketBytes: 1).buckets.isEmpty)
  }

  /// Everything that two ranks could hold differently changes the hash.
  @Test func hashTellsLayoutsApart() {
    let layouts = [
      GradientLayout(shapes([2, 3]), bucketBytes: 100),
      GradientLayout(shapes([3, 2]), bucketBytes: 100),
      GradientLayout(shapes([2, 3], .float64), bucketBytes: 100),
      GradientLayout(shapes([2, 3], .int32), bucketBytes: 100),
      GradientLayout(shapes([2, 3]), bucketBytes: 8),
      GradientLayout(shapes([2, 3]), bucketBytes: 100, alignment: 64),
      GradientLayout(shapes([5]), bucketBytes: 100),
      GradientLayout([], bucketBytes: 100),
    ]
    #expect(Set(layouts.map(\.hash)).count == layouts.count)
    #expect(layouts[0].hash == GradientLayout(shapes([2, 3]), bucketBytes: 99).hash)
  }
}
