import Glibc

/// An open descriptor that text is written to.
package struct TextStream: Sendable {
  /// What became of a text.
  package struct Outcome: Sendable, Equatable {
    /// Why not all of it could be written.
    package var error: SystemError?
    /// The bytes that were written.
    package var byteCount = 0
  }

  /// The most bytes that a pipe takes in one piece, PIPE_BUF of Linux: pieces of several processes do
  /// not mix.
  private static let pieceByteCount = 4096

  private let descriptor: Int32
  private let call: @Sendable (UnsafeRawPointer, Int) -> Int

  /// Text goes to `descriptor`.
  ///
  /// - Parameters:
  ///   - descriptor: also one that does not block.
  ///   - call: writes some bytes; returns how many, or -1 and sets `errno`.
  package init(
    _ descriptor: Int32, call: (@Sendable (UnsafeRawPointer, Int) -> Int)? = nil
  ) {
    self.descriptor = descriptor
    self.call = call ?? { Glibc.write(descriptor, $0, $1) }
  }

  /// Writes a text, up to 4096 bytes of it in one piece.
  ///
  /// - Parameters:
  ///   - text: what to write.
  ///   - seconds: how long it may take until a piece finds room, such as in a pipe that nobody reads;
  ///     nil waits as long as it takes. When they are over, the error is EAGAIN.
  package func write(_ text: String, seconds: Double?) -> Outcome {
    var outcome = Outcome()
    let bytes = Array(text.utf8)
    bytes.withUnsafeBytes { bytes in
      while outcome.error == nil, outcome.byteCount < bytes.count {
        let end = min(outcome.byteCount + Self.pieceByteCount, bytes.count)
        write(
          UnsafeRawBufferPointer(rebasing: bytes[outcome.byteCount..<end]), seconds, &outcome)
      }
    }
    return outcome
  }

  private func write(
    _ piece: UnsafeRawBufferPointer, _ seconds: Double?, _ outcome: inout Outcome
  ) {
    let deadline = seconds.map { MonotonicTime.seconds + $0 }
    var rest = piece
    while let start = rest.baseAddress, !rest.isEmpty {
      guard waitForRoom(until: deadline) else {
        outcome.error = SystemError(code: EAGAIN)
        return
      }
      let count = call(start, rest.count)
      let error = count == 0 ? EIO : errno
      if count > 0 {
        outcome.byteCount += count
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      } else if error == EAGAIN {
        // There is room, but not for this piece.
        usleep(1000)
      } else if error != EINTR {
        outcome.error = SystemError(code: error)
        return
      }
    }
  }

  /// Waits until a write does not block; false if it would at the deadline. What is wrong with the
  /// descriptor is for the write to say.
  private func waitForRoom(until deadline: Double?) -> Bool {
    while true {
      let left = deadline.map { max($0 - MonotonicTime.seconds, 0) }
      var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      let count = poll(&request, 1, left.map { Int32(($0 * 1000).rounded(.up)) } ?? -1)
      if count == 0 { return false }
      if count > 0 || errno != EINTR { return true }
    }
  }
}

/// A clock that nobody sets.
enum MonotonicTime {
  /// Since some moment.
  static var seconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
