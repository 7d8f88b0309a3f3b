/// Which images of a global batch a rank works on.
///
/// The same arithmetic deals out validation images: every image belongs to exactly one rank, so
/// no image is counted twice, whatever the number of ranks.
package enum Shard {
  /// A rank's contiguous part of `batchSize` images.
  ///
  /// The first `batchSize % worldSize` ranks hold one image more than the others; a rank may hold
  /// none.
  ///
  /// - Parameters:
  ///   - batchSize: images of all ranks together, at least 0.
  ///   - rank: in `0..<worldSize`.
  ///   - worldSize: at least 1.
  package static func range(of batchSize: Int, rank: Int, worldSize: Int) -> Range<Int> {
    precondition(
      batchSize >= 0 && (0..<worldSize).contains(rank),
      "Shard.range: batchSize \(batchSize), rank \(rank) of \(worldSize); "
        + "expected batchSize >= 0 and rank in 0..<worldSize")
    let (size, longer) = batchSize.quotientAndRemainder(dividingBy: worldSize)
    let start = rank * size + min(rank, longer)
    return start..<(start + size + (rank < longer ? 1 : 0))
  }
}
