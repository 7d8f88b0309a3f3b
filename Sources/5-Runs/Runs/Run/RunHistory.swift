import Files
import Foundation

/// What happened to a run, one JSON object a line: starts, saves, and differences that were accepted.
package final class RunHistory {
  /// A line of it.
  package struct Event: Codable, Equatable {
    /// What happens to a run.
    enum Kind: String, Codable {
      /// It was begun or gone on with.
      case start
      /// A checkpoint is on the disk.
      case saved
      /// The last weights are.
      case finished
      /// It goes on although something is not as it was.
      case accepted
    }

    let kind: Kind
    /// The iterations that were done.
    let iteration: Int
    /// Seconds since 1970.
    var time: Int?
    /// The digest of the run's identity.
    var identity: String?
    /// That took part.
    var ranks: Int?
    /// What was accepted, in words.
    var detail: String?
    /// Of a checkpoint: the lines of `metrics.jsonl` so far.
    var lines: Int?
    /// The program's name and version.
    var version: String?
    /// The commit that it was built from, where it came in a package.
    var commit: String?
    /// The hash of the program's file.
    var program: String?
    /// Rank 0's.
    var host: String?
    /// Compute threads of each rank.
    var threads: Int?
    /// The command line.
    var command: String?

    /// The names in the file, which the documents list.
    package enum CodingKeys: String, CodingKey, CaseIterable {
      case kind, iteration, time, identity, ranks, detail, lines, version, commit, program, host,
        threads
      case command
    }

    /// A start.
    static func start(_ launch: Launch, after iteration: Int, identity: String?) -> Event {
      Event(
        kind: .start, iteration: iteration, identity: identity, ranks: launch.ranks,
        version: launch.version, commit: launch.commit, program: launch.program,
        host: launch.host, threads: launch.threads, command: launch.command)
    }
  }

  private let file: LineFile
  /// Lines of earlier starts that could not be read, and are gone.
  let damagedLines: Int
  private let encoder = JSONText.encoder()
  private let earlier: [Event]

  /// Opens a history to append to. Nothing of it is ever removed but lines of other forms.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - files: what writes.
  ///   - warn: told when somebody has changed the file meanwhile.
  /// - Throws: `FileError`.
  package init(
    _ path: String, files: FileStore = FileStore(), warn: @escaping (String) -> Void = { _ in }
  ) throws(FileError) {
    var damaged = 0
    var events: [Event] = []
    file = try LineFile(path, files: files, warn: warn) { line in
      guard let event = Self.event(line) else {
        damaged += 1
        return false
      }
      events.append(event)
      return true
    }
    damagedLines = damaged
    earlier = events
  }

  /// How many lines of measurements are missing that were there when the checkpoint was saved with which the
  /// run goes on; 0 where an earlier version saved it.
  package func missingLines(of metrics: MetricsLog, after iteration: Int) -> Int {
    let saved = earlier.last { $0.kind == .saved && $0.iteration == iteration }
    return max(0, (saved?.lines ?? 0) - metrics.count - metrics.repeatedLines)
  }

  /// Appends an event, with the time.
  func append(_ event: Event) {
    var event = event
    event.time = Int(Date().timeIntervalSince1970)
    guard let data = try? encoder.encode(event) else { return }
    file.append(data)
  }

  /// Brings what was appended to the disk: a later checkpoint's identity is looked for here. What cannot be
  /// brought there now comes with the next start.
  func sync() { file.sync() }

  /// The digests under which a run was started; nil if not every start tells its own, or there is none.
  static func identities(_ events: [Event]) -> Set<String>? {
    let starts = events.filter { $0.kind == .start }
    let identities = Set(starts.compactMap(\.identity))
    return starts.isEmpty || starts.contains { $0.identity == nil } ? nil : identities
  }

  /// The events of a history, oldest first; none where there is no file.
  ///
  /// - Throws: `FileError` if there is one that cannot be read.
  static func events(_ path: String) throws(FileError) -> [Event] {
    try LineFile.lines(path)?.compactMap(event) ?? []
  }

  private static func event(_ line: ArraySlice<UInt8>) -> Event? {
    try? JSONDecoder().decode(Event.self, from: Data(line))
  }
}
