import MPI
import Randomness

/// The size and type of one parameter's gradient.
package struct GradientShape: Hashable, Sendable {
  /// The number of values.
  package let count: Int
  /// The type of the values.
  package let type: ElementType

  /// A gradient of `count` values, at least 0.
  package init(count: Int, type: ElementType) {
    precondition(count >= 0, "GradientShape: count \(count); expected at least 0")
    self.count = count
    self.type = type
  }

  /// Bytes of the whole gradient.
  package var byteCount: Int { count * type.byteCount }
}

/// How gradients are dealt into buckets; a function of shapes and limit alone, so that all ranks
/// hold the same buckets.
package struct GradientLayout: Sendable {
  /// One bucket: gradients of one type that are reduced in one call.
  package struct Bucket: Sendable {
    /// The type of all values.
    package let type: ElementType
    /// The gradients' indices.
    package internal(set) var members: Range<Int>
    /// Where each member begins, in bytes from the bucket's begin.
    package internal(set) var offsets: [Int] = []
    /// Bytes of the bucket, gaps included.
    package internal(set) var byteCount = 0
  }

  /// The gradients, in the order in which backward finishes them.
  package let shapes: [GradientShape]
  /// The buckets, in the order in which they are reduced.
  package let buckets: [Bucket]
  /// The bucket of each gradient.
  package let bucketOfGradient: [Int]

  /// Fills buckets in order; a new one begins where the limit would be passed or the type changes.
  ///
  /// - Parameters:
  ///   - shapes: in the order in which backward finishes the gradients.
  ///   - bucketBytes: the limit; a larger gradient has a bucket of its own.
  ///   - alignment: each member begins at a multiple of so many bytes; 1 leaves no gaps.
  package init(_ shapes: [GradientShape], bucketBytes: Int, alignment: Int = 1) {
    precondition(
      bucketBytes > 0 && alignment > 0,
      "GradientLayout: bucketBytes \(bucketBytes), alignment \(alignment); expected more than 0")
    var buckets: [Bucket] = []
    var bucketOfGradient: [Int] = []
    for (index, shape) in shapes.enumerated() {
      let isNew =
        buckets.last.map { bucket in
          bucket.type != shape.type || bucket.byteCount + shape.byteCount > bucketBytes
        } ?? true
      if isNew { buckets.append(Bucket(type: shape.type, members: index..<index)) }
      let bucket = buckets.count - 1
      let padded = (shape.byteCount + alignment - 1) / alignment * alignment
      buckets[bucket].members = buckets[bucket].members.lowerBound..<(index + 1)
      buckets[bucket].offsets.append(buckets[bucket].byteCount)
      buckets[bucket].byteCount += padded
      bucketOfGradient.append(bucket)
    }
    self.shapes = shapes
    self.buckets = buckets
    self.bucketOfGradient = bucketOfGradient
  }

  /// The hash of types and sizes: equal layouts have equal hashes in every process.
  package var hash: UInt64 {
    var hash = Fingerprint()
    for shape in shapes {
      hash.add(Int(shape.type.rawValue))
      hash.add(shape.count)
    }
    for bucket in buckets {
      hash.add(bucket.members.count)
      hash.add(bucket.byteCount)
    }
    return hash.value
  }
}
