import MPI

/// One parameter's gradient, wherever it lies.
package struct GradientBuffer {
  /// The gradient's bytes.
  package let bytes: UnsafeMutableRawBufferPointer
  /// Size and type.
  package let shape: GradientShape

  /// A gradient of values of one type.
  package init<Value: ReducibleValue>(_ values: UnsafeMutableBufferPointer<Value>) {
    self.init(UnsafeMutableRawBufferPointer(values), of: Value.elementType)
  }

  /// A gradient whose type is known at run time only.
  package init(_ bytes: UnsafeMutableRawBufferPointer, of type: ElementType) {
    precondition(
      bytes.count.isMultiple(of: type.byteCount),
      "GradientBuffer: \(bytes.count) bytes; expected whole values of \(type)")
    self.bytes = bytes
    shape = GradientShape(count: bytes.count / type.byteCount, type: type)
  }
}

/// The buckets' memory: owned, borrowed in place, or owned beside gradients that lie elsewhere.
final class BucketMemory {
  /// What vector units and caches like.
  static let alignment = 64

  let layout: GradientLayout
  /// Each bucket's bytes, in one piece.
  let buckets: [UnsafeMutableRawBufferPointer]
  private let gradients: [UnsafeMutableRawBufferPointer]
  private let owned: [UnsafeMutableRawBufferPointer]
  /// Whether a bucket's gradients lie elsewhere and are copied to and fro.
  private let isStaged: [Bool]

  /// New memory, zeros, in which the gradients lie.
  init(_ layout: GradientLayout) {
    self.layout = layout
    let buckets = layout.buckets.map { BucketMemory.zeros($0.byteCount) }
    self.buckets = buckets
    owned = buckets
    isStaged = buckets.map { _ in false }
    gradients = layout.shapes.indices.map { index in
      let number = layout.bucketOfGradient[index]
      let bucket = layout.buckets[number]
      let start = bucket.offsets[index - bucket.members.lowerBound]
      return UnsafeMutableRawBufferPointer(
        rebasing: buckets[number][start..<(start + layout.shapes[index].byteCount)])
    }
  }

  /// The gradients' own memory where a bucket's gradients adjoin, else new memory beside it.
  init(_ layout: GradientLayout, gradients: [GradientBuffer]) {
    self.layout = layout
    let places = gradients.map(\.bytes)
    var buckets: [UnsafeMutableRawBufferPointer] = []
    var owned: [UnsafeMutableRawBufferPointer] = []
    for bucket in layout.buckets {
      if let whole = BucketMemory.joined(places[bucket.members]) {
        buckets.append(whole)
      } else {
        owned.append(BucketMemory.zeros(bucket.byteCount))
        buckets.append(owned[owned.count - 1])
      }
    }
    self.gradients = places
    self.buckets = buckets
    self.owned = owned
    isStaged = buckets.map { bucket in owned.contains { $0.baseAddress == bucket.baseAddress } }
  }

  deinit { for memory in owned { memory.deallocate() } }

  func gradient(_ index: Int) -> UnsafeMutableRawBufferPointer { gradients[index] }

  /// Copies a staged bucket's gradients into the bucket.
  func gather(_ bucket: Int) {
    for (gradient, copy) in stagedMembers(bucket) { copy.copyMemory(from: .init(gradient)) }
  }

  /// Copies a staged bucket back into its gradients.
  func scatter(_ bucket: Int) {
    for (gradient, copy) in stagedMembers(bucket) { gradient.copyMemory(from: .init(copy)) }
  }

  private func stagedMembers(
    _ index: Int
  ) -> [(UnsafeMutableRawBufferPointer, UnsafeMutableRawBufferPointer)] {
    guard isStaged[index] else { return [] }
    let bucket = layout.buckets[index]
    return zip(bucket.members, bucket.offsets).map { member, start in
      let gradient = gradients[member]
      return (
        gradient,
        UnsafeMutableRawBufferPointer(
          rebasing: buckets[index][start..<(start + gradient.count)])
      )
    }
  }

  private static func zeros(_ byteCount: Int) -> UnsafeMutableRawBufferPointer {
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(byteCount, 1), alignment: alignment)
    memory.initializeMemory(as: UInt8.self, repeating: 0)
    return UnsafeMutableRawBufferPointer(rebasing: memory[0..<byteCount])
  }

  /// The one buffer that adjoining buffers make; nil if there is a gap or another order.
  private static func joined(
    _ parts: ArraySlice<UnsafeMutableRawBufferPointer>
  ) -> UnsafeMutableRawBufferPointer? {
    let filled = parts.filter { !$0.isEmpty }
    guard let start = filled.first?.baseAddress else { return .init(start: nil, count: 0) }
    var end = start
    for part in filled {
      guard part.baseAddress == end else { return nil }
      end += part.count
    }
    return UnsafeMutableRawBufferPointer(start: start, count: start.distance(to: end))
  }
}
