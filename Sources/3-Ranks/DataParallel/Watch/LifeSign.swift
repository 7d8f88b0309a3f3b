import Host

/// What a rank tells of itself a few times a second.
package struct LifeSign: Equatable, Sendable {
  /// Where it is.
  package var place = Heartbeat.Place()
  /// What its process has had of processors so far.
  package var processor = ProcessorTime()
  /// Seconds that it may stay there; rank 0's is the longest of all ranks'.
  package var limit = 0.0
  /// Whether it stops telling: the last sign of a watchdog that ends well.
  package var isLast = false

  /// Bytes of a sign.
  package static let byteCount = 80
  private static let headByteCount = 43
  private static let phaseByteCount = byteCount - headByteCount

  /// A sign of a rank that has said nothing yet.
  package init() {}

  /// A sign of a rank at a place of its work; `limit` in seconds.
  package init(
    _ place: Heartbeat.Place, processor: ProcessorTime = ProcessorTime(), limit: Double,
    isLast: Bool = false
  ) {
    self.place = place
    self.processor = processor
    self.limit = limit
    self.isLast = isLast
  }

  /// The sign as it is sent: iteration, beats, limit, processor time used and waited for, work, waiting,
  /// last, phase in UTF-8 up to a zero.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    for word in [
      UInt64(place.iteration), place.beats, limit.bitPattern, processor.used.bitPattern,
      processor.waited.bitPattern,
    ] {
      bytes += (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
    }
    bytes += [place.work.rawValue, place.isWaiting ? 1 : 0, isLast ? 1 : 0]
    let phase = place.phase.utf8.prefix(Self.phaseByteCount)
    return bytes + phase + [UInt8](repeating: 0, count: Self.phaseByteCount - phase.count)
  }

  /// Reads what `bytes` wrote; another number of bytes stops the program.
  package init(bytes: [UInt8]) {
    precondition(
      bytes.count == Self.byteCount,
      "LifeSign: \(bytes.count) bytes; expected \(Self.byteCount)")
    func word(_ index: Int) -> UInt64 {
      bytes[8 * index..<8 * index + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    place.iteration = Int(truncatingIfNeeded: word(0))
    place.beats = word(1)
    limit = Double(bitPattern: word(2))
    processor.used = Double(bitPattern: word(3))
    processor.waited = Double(bitPattern: word(4))
    place.work = Heartbeat.Work(rawValue: bytes[40]) ?? .start
    place.isWaiting = bytes[41] != 0
    isLast = bytes[42] != 0
    place.phase = String(
      decoding: bytes[Self.headByteCount...].prefix { $0 != 0 }, as: UTF8.self)
  }
}
