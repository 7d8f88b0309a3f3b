import Foundation
import Host
import MPI

/// Sums gradients over all ranks while backward still computes others.
///
/// Gradients are numbered in the order in which backward finishes them and lie in buckets. When
/// every gradient of a bucket is ready, a thread of its own reduces the bucket. Buckets are reduced
/// in their fixed order on every rank, so ranks whose gradients become ready in another order wait
/// for each other but never meet in different buckets. Sums are never averaged: losses are already
/// normalised over all ranks.
///
/// With one rank there is no thread and nothing is copied. A failed collective ends the job through
/// `CollectiveFailure`, a thread that does not start through `FailureExit`.
package final class GradientBuckets: @unchecked Sendable {
  /// How gradients are dealt into buckets.
  package let layout: GradientLayout
  /// Whether buckets are reduced while backward runs; otherwise `wait()` reduces them.
  package let isOverlapped: Bool
  /// What happened to each bucket between the last two calls of `wait()`, in bucket order.
  package private(set) var events: [BucketEvent] = []
  /// Seconds that the last `wait()` took: for sums that were not finished when the backward pass ended.
  package private(set) var exposedSeconds = 0.0

  private let memory: BucketMemory
  private let communicator: Communicator
  private let rounded: RoundedWire?
  /// Guards everything below.
  private let condition = NSCondition()
  private var round: BucketRound
  private var isClosing = false
  private var isAwaited = false
  private var hasThread = false

  /// Buckets in memory of their own: each gradient is written where `gradient(_:)` says.
  /// Collective.
  ///
  /// - Parameters:
  ///   - shapes: in the order in which backward finishes the gradients.
  ///   - bucketBytes: the most bytes in a bucket of several gradients.
  ///   - communicator: duplicated; the caller may go on using it.
  ///   - overlap: false reduces inside `wait()`. So does an MPI that does not allow threads.
  ///   - wire: the number format of gradients between ranks; the same on all ranks.
  package convenience init(
    shapes: [GradientShape], bucketBytes: Int, communicator: Communicator, overlap: Bool = true,
    wire: GradientWire = .full
  ) throws(MPIError) {
    let layout = GradientLayout(
      shapes, bucketBytes: bucketBytes, alignment: BucketMemory.alignment)
    try self.init(
      memory: BucketMemory(layout), communicator: communicator, overlap: overlap, wire: wire)
  }

  /// Buckets over gradients that lie elsewhere and outlive this object. Collective.
  ///
  /// A bucket whose gradients lie one after another, without gaps, is reduced in place; the others
  /// are copied to and fro. Parameters are those of the other initialiser.
  package convenience init(
    gradients: [GradientBuffer], bucketBytes: Int, communicator: Communicator,
    overlap: Bool = true, wire: GradientWire = .full
  ) throws(MPIError) {
    let layout = GradientLayout(gradients.map(\.shape), bucketBytes: bucketBytes)
    try self.init(
      memory: BucketMemory(layout, gradients: gradients), communicator: communicator,
      overlap: overlap, wire: wire)
  }

  private init(
    memory: BucketMemory, communicator: Communicator, overlap: Bool, wire: GradientWire
  ) throws(MPIError) {
    let differing = WorldAgreement(communicator).ranksThatDiffer(hash: memory.layout.hash)
    guard differing.isEmpty else {
      CollectiveFailure.end(
        DisagreementError(what: "order or sizes of the gradients", ranks: differing))
    }
    self.memory = memory
    self.layout = memory.layout
    self.communicator = try communicator.duplicate()
    rounded =
      wire == .bfloat16 && communicator.worldSize > 1
      ? try RoundedWire(capacity: Self.pieceBytes / 4) : nil
    isOverlapped =
      overlap && communicator.worldSize > 1 && World.threadLevel >= .multiple
    round = BucketRound(memory.layout)
    if isOverlapped { startThread() }
  }

  /// Where backward writes a gradient; all ranks' sum is there after `wait()`.
  package func gradient(_ index: Int) -> UnsafeMutableRawBufferPointer { memory.gradient(index) }

  /// Says that a gradient is final; it must not be touched again before `wait()` returns.
  ///
  /// Any thread may call it. Once for every gradient between two calls of `wait()`, also for a
  /// gradient of zeros.
  package func ready(_ index: Int) {
    condition.lock()
    if round.ready(index) != nil { condition.broadcast() }
    condition.unlock()
  }

  /// Returns when all gradients hold the sums over all ranks. Collective.
  ///
  /// Every gradient has been made ready before.
  package func wait() {
    let begin = DispatchTime.now().uptimeNanoseconds
    condition.lock()
    round.requireAllReady()
    if isOverlapped {
      isAwaited = true
      Heartbeat.process.waiting { while !round.isReduced { condition.wait() } }
      isAwaited = false
    } else {
      while !round.isReduced { reduceNext() }
    }
    events = round.events
    round = BucketRound(layout)
    exposedSeconds = Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9
    condition.unlock()
  }

  /// Ends the thread and gives the communicator back, after the last `wait()` and before MPI ends.
  /// Collective.
  package func close() throws(MPIError) {
    condition.lock()
    precondition(!isClosing, "GradientBuckets.close: called twice; expected once")
    precondition(
      round.isUntouched, "GradientBuckets.close: gradients are ready; expected wait() first")
    isClosing = true
    condition.broadcast()
    while hasThread { condition.wait() }
    condition.unlock()
    rounded?.close()
    try communicator.free()
  }

  private func startThread() {
    hasThread = true
    do {
      // The thread keeps this object alive until close().
      try Threads.start("rdd-gradients", isProven: true) { self.reduceUntilClosed() }
    } catch {
      FailureExit.leave(error, code: ThreadError.exitCode)
    }
  }

  private func reduceUntilClosed() {
    condition.lock()
    while true {
      while !isClosing && !round.isNextHandedOver { condition.wait() }
      if isClosing { break }
      reduceNext()
      if round.isReduced { condition.broadcast() }
    }
    hasThread = false
    condition.broadcast()
    condition.unlock()
  }

  /// The largest piece of a bucket that is sent at once, in bytes. BatchNorm's small sums, some forty
  /// in a backward pass, wait until the piece before them is sent: 4 ms each on a link of 1 Gbit/s.
  /// Behind whole buckets they would wait for a second in all.
  private static let pieceBytes = 1 << 20
  /// How often the thread tests a request before it sleeps, and the microseconds that it sleeps. A
  /// thread that is blocked in MPI_Wait polls all the time, and would take half a core from the
  /// backward pass.
  private static let looks = 8
  private static let pause: UInt32 = 100

  /// Whether backward still has gradients to compute, so that the core is its own.
  private var backwardWorks: Bool {
    condition.lock()
    defer { condition.unlock() }
    return isOverlapped && !isAwaited
  }

  /// Reduces the next bucket; called with the lock held, which is open meanwhile. The lock also
  /// orders memory: what backward wrote before `ready` is seen here, and the sums after `wait`.
  private func reduceNext() {
    let bucket = round.begin()
    condition.unlock()
    if communicator.worldSize > 1 {
      memory.gather(bucket)
      CollectiveFailure.orEndJob { () throws(MPIError) in try sum(bucket) }
      memory.scatter(bucket)
    }
    condition.lock()
    round.end()
  }

  /// Sums a bucket over the ranks, piece by piece.
  private func sum(_ bucket: Int) throws(MPIError) {
    let bytes = memory.buckets[bucket], type = layout.buckets[bucket].type
    for first in stride(from: 0, to: bytes.count, by: Self.pieceBytes) {
      let piece = UnsafeMutableRawBufferPointer(
        rebasing: bytes[first..<min(first + Self.pieceBytes, bytes.count)])
      let request: Request
      if let rounded {
        request = try rounded.start(piece, of: type, over: communicator)
      } else {
        request = try communicator.startAllreduce(piece, of: type, .sum)
      }
      while backwardWorks, try !hasArrived(request) { usleep(Self.pause) }
      try request.wait()
      rounded?.finish(piece, of: type)
    }
  }

  private func hasArrived(_ request: Request) throws(MPIError) -> Bool {
    for _ in 0..<Self.looks where try request.test() { return true }
    return false
  }
}
