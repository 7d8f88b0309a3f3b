import DataParallel
import Datasets
import Dispatch
import Files
import Glibc
import Logging
import MPI
import Recipes
import Steps
import Synchronization
import WeightFiles

/// Hashes of the files that a source's samples are read from, in its order.
///
/// Ranks share the files. What has not changed since an earlier start, by size, times, inode and file system,
/// is not read again.
struct DataHashes {
  /// A file: its name in the list, and its hash.
  typealias Entry = (name: String, hash: FileHash)

  /// The entries by sample, image and label in turn; of samples that are made there are none.
  let entries: [Entry]
  private let way: Recipe.DataIdentity
  private let begin: timespec

  /// Hashes the files of a source. Collective.
  ///
  /// - Parameters:
  ///   - source: the samples.
  ///   - way: what counts.
  ///   - earlier: the hashes of an earlier start by name; equal on all ranks.
  ///   - coordinator: the ranks.
  /// - Throws: `DatasetError` that names the first file of this rank's that cannot be read.
  init(
    _ source: any SampleSource, _ way: Recipe.DataIdentity, earlier: [String: FileHash],
    _ coordinator: Coordinator
  ) throws {
    self.way = way
    begin = Self.now
    guard source.count > 0, !source.files(0).isEmpty else {
      entries = []
      return
    }
    let mine = Shard.range(
      of: source.count, rank: coordinator.rank, worldSize: coordinator.worldSize)
    let progress = coordinator.isLead ? Progress(Logger(label: "rdd")) : nil
    let count = ImageCount(progress, "hashing", share: mine.count, of: source.count)
    let own = try Self.hashes(of: source, mine, way, earlier, count)
    progress?.close()
    let all = try coordinator.world.communicator.allgatherv(own.flatMap(\.bytes)).flatMap { $0 }
    var place = 0
    var entries: [Entry] = []
    entries.reserveCapacity(all.count / FileHash.encodedCount)
    for index in 0..<source.count {
      for name in source.files(index) {
        entries.append((name, FileHash(bytes: all[place..<place + FileHash.encodedCount])))
        place += FileHash.encodedCount
      }
    }
    self.entries = entries
  }

  /// The files of some samples, hashed by as many threads as there are cores.
  private static func hashes(
    of source: any SampleSource, _ indices: Range<Int>, _ way: Recipe.DataIdentity,
    _ earlier: [String: FileHash], _ count: ImageCount
  ) throws -> [FileHash] {
    let found = Mutex<[Int: [FileHash]]>([:])
    let failure = Mutex<(index: Int, error: any Error)?>(nil)
    DispatchQueue.concurrentPerform(iterations: indices.count) { offset in
      let index = indices.lowerBound + offset
      guard failure.withLock({ $0 == nil }) else { return }
      do {
        let hashes = try source.files(index).map { name in
          try FileHash(
            source.path(ofFile: name, index), bySizeAlone: way == .sizes, earlier: earlier[name])
        }
        found.withLock { $0[index] = hashes }
        Heartbeat.process.beat("hashing images")
        count.add(1)
      } catch {
        failure.withLock { if index < $0?.index ?? .max { $0 = (index, error) } }
      }
    }
    if let failed = failure.withLock({ $0 }) {
      // Reading the sample says best what is wrong with it.
      _ = try source.sample(failed.index)
      throw failed.error
    }
    return found.withLock { found in indices.flatMap { found[$0] ?? [] } }
  }

  /// The time of the system's clock.
  static var now: timespec {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return now
  }

  /// What looks whether the source's files stay as they are here.
  var watch: FileWatch { KnownFiles(entries.map(\.hash), way, begin: begin).watch }

  /// A hash of all contents in their order; names and times do not count.
  var digest: String {
    let text = entries.map { way == .sizes ? "\($0.hash.byteCount)" : $0.hash.digits }
      .joined(separator: " ")
    return "\(entries.isEmpty ? "made" : way.rawValue):\(FileHash.of(text))"
  }

  /// The first entry that is not as it was, for a message; nil if only the order or number changed.
  func firstChange(from earlier: [String: FileHash]) -> String? {
    entries.first { entry in
      guard let old = earlier[entry.name] else { return true }
      return old.byteCount != entry.hash.byteCount
        || way == .contents && old.digits != entry.hash.digits
    }?.name
  }
}

extension DataHashes {
  /// Hashes of earlier starts by name, from the text of `text(of:at:)`; lines of another form are left
  /// out.
  static func read(_ text: [UInt8]) -> [String: FileHash] {
    var hashes: [String: FileHash] = [:]
    for line in text.split(separator: UInt8(ascii: "\n")) {
      let fields = String(decoding: line, as: UTF8.self)
        .split(separator: "\t", maxSplits: 3).map(String.init)
      guard fields.count == 4, fields[0].utf8.count == 32, fields[0].allSatisfy(\.isHexDigit),
        let byteCount = Int(fields[1]), let mark = FileHash.Mark(fields[2])
      else { continue }
      hashes[fields[3]] = FileHash(digits: fields[0], byteCount: byteCount, mark: mark)
    }
    return hashes
  }

  /// Hashes as text: a line a file with hash, bytes, mark and name, tabs between them.
  ///
  /// The mark of a file that is not settled is left out, so that it is read again.
  static func text(of all: [DataHashes], now: timespec) -> String {
    var lines: [String: String] = [:]
    for (name, hash) in all.flatMap(\.entries) {
      let mark = hash.mark.isSettled(at: now) ? hash.mark : .unknown
      lines[name] = "\(hash.digits)\t\(hash.byteCount)\t\(mark.text)\t\(name)\n"
    }
    return lines.sorted { $0.key < $1.key }.map(\.value).joined()
  }
}

extension FileHash.Mark {
  /// The mark in a line of hashes.
  fileprivate var text: String { "\(modified),\(changed),\(inode),\(fileSystem)" }

  /// From such a text. Earlier versions wrote fewer numbers: that is the mark of no file.
  fileprivate init?(_ text: String) {
    let numbers = text.split(separator: ",").compactMap { Int($0) }
    switch numbers.count {
    case 1, 3: self = .unknown
    case 4:
      self.init(
        modified: numbers[0], changed: numbers[1], inode: numbers[2], fileSystem: numbers[3])
    default: return nil
    }
  }
}

extension FileHash {
  /// Bytes of a hash on its way between ranks.
  fileprivate static let encodedCount = 72

  fileprivate var bytes: [UInt8] {
    Array(digits.utf8)
      + [byteCount, mark.modified, mark.changed, mark.inode, mark.fileSystem]
      .flatMap(Self.little)
  }

  fileprivate init(bytes: ArraySlice<UInt8>) {
    let start = bytes.startIndex
    func number(_ place: Int) -> Int {
      Self.number(bytes[(start + 32 + 8 * place)..<(start + 40 + 8 * place)])
    }
    self.init(
      digits: String(decoding: bytes[start..<start + 32], as: UTF8.self), byteCount: number(0),
      mark: Mark(
        modified: number(1), changed: number(2), inode: number(3), fileSystem: number(4)))
  }

  private static func little(_ value: Int) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
