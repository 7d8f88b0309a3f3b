import Dispatch

/// What happened to one bucket in one backward pass, in nanoseconds of the monotonic clock.
package struct BucketEvent: Sendable {
  /// The bucket's index, which is its place in the order of reduction.
  package let bucket: Int
  /// Bytes reduced.
  package let byteCount: Int
  /// When its last gradient became ready.
  package internal(set) var handedOverNanoseconds: UInt64 = 0
  /// When its reduction began.
  package internal(set) var begunNanoseconds: UInt64 = 0
  /// When its reduction had ended.
  package internal(set) var endedNanoseconds: UInt64 = 0
}

/// How far the buckets are in one backward pass. Pure bookkeeping; its owner holds the lock.
struct BucketRound {
  private let layout: GradientLayout
  private var isReady: [Bool]
  /// Gradients that are not ready yet, for each bucket.
  private var missing: [Int]
  /// The first bucket that is not reduced.
  private var next = 0
  private(set) var events: [BucketEvent]

  init(_ layout: GradientLayout) {
    self.layout = layout
    isReady = Array(repeating: false, count: layout.shapes.count)
    missing = layout.buckets.map(\.members.count)
    events = layout.buckets.indices.map {
      BucketEvent(bucket: $0, byteCount: layout.buckets[$0].byteCount)
    }
  }

  /// Whether no gradient was made ready.
  var isUntouched: Bool { !isReady.contains(true) }

  /// Whether every bucket is reduced.
  var isReduced: Bool { next == missing.count }

  /// Whether the next bucket in order waits for its reduction.
  var isNextHandedOver: Bool { next < missing.count && missing[next] == 0 }

  /// Notes that a gradient is final; returns its bucket if that is complete now.
  mutating func ready(_ index: Int) -> Int? {
    precondition(
      isReady.indices.contains(index) && !isReady[index],
      "GradientBuckets.ready: gradient \(index) of \(isReady.count) is unknown or ready twice; "
        + "expected each once before wait()")
    isReady[index] = true
    let bucket = layout.bucketOfGradient[index]
    missing[bucket] -= 1
    guard missing[bucket] == 0 else { return nil }
    events[bucket].handedOverNanoseconds = DispatchTime.now().uptimeNanoseconds
    return bucket
  }

  /// Waiting for a gradient that nobody makes ready would never end.
  func requireAllReady() {
    let late = isReady.indices.filter { !isReady[$0] }
    precondition(
      late.isEmpty, "GradientBuckets.wait: gradients \(late) are not ready; expected all")
  }

  /// The next bucket, whose reduction begins now.
  mutating func begin() -> Int {
    events[next].begunNanoseconds = DispatchTime.now().uptimeNanoseconds
    return next
  }

  /// Notes that its reduction has ended.
  mutating func end() {
    events[next].endedNanoseconds = DispatchTime.now().uptimeNanoseconds
    next += 1
  }
}
