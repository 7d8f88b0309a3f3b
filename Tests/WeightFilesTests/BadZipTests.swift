import TestSupport
import Testing
import WeightFiles

/// A zip file that must be refused and what the message must say.
struct BadZip: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let change: @Sendable (inout ZipBuilder) -> Void
  let message: String

  init(
    _ description: String, _ message: String,
    _ change: @escaping @Sendable (inout ZipBuilder) -> Void
  ) {
    testDescription = description
    self.change = change
    self.message = message
  }
}

private let bad: [BadZip] = [
  BadZip("deflated", "zip entry 'a/data/0': found compression method 8") {
    $0.entries[1].method = 8
  },
  BadZip("other size", "found compression method 0, 16 bytes for 17") {
    $0.entries[1].byteCount = 17
  },
  BadZip("encrypted", "found encryption") { $0.entries[0].flags = 1 },
  BadZip("checksum", "zip entry 'a/data/0': found checksum") { $0.entries[1].checksum = 1 },
  BadZip("pickle's checksum", "zip entry 'a/data.pkl': found checksum") {
    $0.entries[0].checksum = 1
  },
  BadZip("local name", "found the name 'a/data/1'; expected 'a/data/0'") {
    $0.entries[1].localName = "a/data/1"
  },
  BadZip("past the directory", "expected 4096") {
    $0.entries[1].byteCount = 4096
    $0.entries[1].storedCount = 4096
  },
  BadZip("offset in the data", "found no local header") { $0.entries[1].offset = 210 },
  BadZip("offset outside", "found it at byte 1000000") { $0.entries[1].offset = 1_000_000 },
  BadZip("overlap", "zip entry 'a/data/0': found it at byte 0; expected it between") {
    $0.entries[1].offset = 0
  },
  BadZip("double", "zip entry 'a/data/0': found it twice") { $0.entries.append($0.entries[1]) },
  BadZip("two pickles", "found 2 entries data.pkl") {
    $0.entries.append(ZipBuilder.Entry(name: "b/data.pkl", bytes: []))
  },
  BadZip("no pickle", "found 0 entries data.pkl") { $0.entries.removeFirst() },
  BadZip("no entries", "found 0 entries data.pkl") { $0.entries = [] },
  BadZip("TorchScript", "found a TorchScript module") {
    $0.entries.append(ZipBuilder.Entry(name: "a/constants.pkl", bytes: []))
  },
  BadZip("big endian", "byteorder: found another one") {
    $0.entries.append(ZipBuilder.Entry(name: "a/byteorder", bytes: Array("big".utf8)))
  },
  BadZip("short storage", "found 12 bytes; expected 16") { $0.entries[1].bytes.removeLast(4) },
  BadZip("directory outside", "found a directory of") { $0.directoryOffset = 1 << 31 },
  BadZip("directory too long", "found a directory of") { $0.directoryByteCount = 1 << 31 },
  BadZip("directory shifted", "found no entry") {
    $0.directoryOffset = 0; $0.directoryByteCount = 50
  },
  BadZip("zip64 without locator", "found no zip64 locator") { $0.directoryOffset = .max },
  BadZip("zip64 size", "expected 4294967296") {
    $0.entries[1].byteCount = .max
    $0.entries[1].storedCount = .max
    $0.entries[1].extra =
      [1, 0, 16, 0] + littleEndian(UInt64(1) << 32) + littleEndian(UInt64(1) << 32)
  },
  BadZip("zip64 negative", "found the size 18446744073709551615") {
    $0.entries[1].byteCount = .max
    $0.entries[1].storedCount = .max
    $0.entries[1].extra = [1, 0, 16, 0] + [UInt8](repeating: 255, count: 16)
  },
  BadZip("zip64 cut", "found 8 bytes left; expected 16") {
    $0.entries[1].byteCount = .max
    $0.entries[1].extra = [1, 0, 16, 0] + [UInt8](repeating: 0, count: 8)
  },
]

@Suite struct BadZipTests {
  private let folder: TemporaryFolder
  private let good = ZipBuilder(
    pickle: Pickle.dict(Pickle.tensor()), storages: ["0": [UInt8](repeating: 3, count: 16)])

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: bad) func badZipIsRefused(_ bad: BadZip) throws {
    var zip = good
    bad.change(&zip)
    let message = try #require(refusal(folder.write(zip.bytes)))
    #expect(message.contains(bad.message), "\(message)")
  }

  @Test func bytesAtTheEndAreRefused() throws {
    let message = try #require(refusal(folder.write(good.bytes + [0])))
    #expect(message.contains("found no end record"))
    #expect(refusal(try folder.write(good.bytes)) == nil)
  }

  @Test func aSmallByteOrderEntryIsAccepted() throws {
    var zip = good
    zip.entries.append(ZipBuilder.Entry(name: "a/byteorder", bytes: Array("little".utf8)))
    zip.entries.append(ZipBuilder.Entry(name: "a/.data/serialization_id", bytes: [49]))
    #expect(refusal(try folder.write(zip.bytes)) == nil)
  }
}
