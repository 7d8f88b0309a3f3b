import EventFiles
import Files
import Foundation
import TestSupport
import Testing

/// Event files, byte by byte. TensorBoard's own reader opens one in EndToEndTests.
@Suite struct EventFileTests {
  /// The check values of the standard: "123456789", and 32 bytes of 0, 255 and 0 to 31.
  @Test func checksums() {
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 255, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum([UInt8](0..<32)) == 0x46DD_794E)
  }

  @Test func sharesFallIntoBuckets() {
    let histogram = EventHistogram(shares: [0, 0.1, 0.25, 0.5, 1, 1, .nan], bucketCount: 4)
    #expect(histogram.counts == [3, 1, 0, 2])
    #expect(histogram.limits == [0.25, 0.5, 0.75, 1])
    #expect(histogram.count == 6 && histogram.minimum == 0 && histogram.maximum == 1)
    #expect(abs(histogram.sum - 2.85) < 1e-12)
    #expect(abs(histogram.sumOfSquares - 2.3225) < 1e-12)
    #expect(EventHistogram(shares: [Double]()).count == 0)
  }

  @Test func framesCarryTheirLengthsAndChecksums() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending(path: "new/tensorboard").path
      do {
        let file = try #require(EventFile(folder: path, firstStep: 7))
        file.add(scalars: [("loss/total", 1.5)], step: 9)
      }
      let names = try FileManager.default.contentsOfDirectory(atPath: path)
      #expect(names.count == 1 && names[0].hasPrefix("events.out.tfevents."))
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(names[0])")))
      var (at, events) = (0, [[UInt8]]())
      while at < bytes.count {
        let length = Int(number(bytes[at..<at + 8]))
        #expect(number(bytes[at + 8..<at + 12]) == UInt64(CRC32C.masked(bytes[at..<at + 8])))
        let data = Array(bytes[at + 12..<at + 12 + length])
        #expect(
          number(bytes[at + 12 + length..<at + 16 + length]) == UInt64(CRC32C.masked(data)))
        events.append(data)
        at += 16 + length
      }
      #expect(events.count == 3)
      #expect(String(decoding: events[0].suffix(13), as: UTF8.self) == "brain.Event:2")
      // The session starts at step 7, and nine bytes of time come first.
      #expect(Array(events[1].dropFirst(9)) == [0x10, 7, 0x3A, 2, 0x08, 1])
      // Step 9, a summary of one value: its tag, and 1.5 as a float.
      let value: [UInt8] = [0x0A, 10] + Array("loss/total".utf8) + [0x15, 0, 0, 0xC0, 0x3F]
      #expect(
        Array(events[2].dropFirst(9))
          == [0x10, 9, 0x2A, UInt8(value.count + 2), 0x0A, UInt8(value.count)] + value)
    }
  }

  @Test func anEventWithoutRoomIsLostWhole() throws {
    try withTemporaryFolder { folder in
      let isFull = Full()
      var files = FileStore()
      files.write = { descriptor, bytes throws(SystemError) in
        // A part goes in, then nothing.
        guard isFull.calls > 0 else { return try FileStore().write(descriptor, bytes) }
        isFull.calls += 1
        guard isFull.calls % 2 == 0 else { throw SystemError(code: ENOSPC) }
        return try FileStore().write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[..<5]))
      }
      let file = try #require(EventFile(folder: folder.path, files: files))
      let name = try FileManager.default.contentsOfDirectory(atPath: folder.path)[0]
      func count() throws -> Int {
        try Data(contentsOf: folder.appending(path: name)).count
      }
      let before = try count()
      isFull.calls = 1
      for _ in 0..<3 { file.add(scalars: [("a", 1)], step: 1) }
      #expect(try file.lostCount == 3 && count() == before)
      isFull.calls = 0
      file.add(scalars: [("a", 1)], step: 2)
      #expect(try file.lostCount == 3 && count() > before)
    }
  }

  private final class Full: @unchecked Sendable { var calls = 0 }

  @Test func startsOfOneSecondHaveFilesOfTheirOwn() throws {
    try withTemporaryFolder { folder in
      for _ in 0..<5 { #expect(EventFile(folder: folder.path) != nil) }
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(names.count == 5)
    }
  }

  @Test func aPlaceThatCannotBeWrittenGivesNone() {
    #expect(EventFile(folder: "/dev/null/events") == nil)
  }

  private func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
