import DataParallel
import Dispatch
import Files
import Foundation
import Steps

/// When the ranks did what, for the viewers of Chrome's trace format: the first iterations of a
/// start.
///
/// A process row for each rank: its phases, and below them its buckets of gradients, each with the
/// time when it was ready. Source: the format's JSON object form, complete events ("X") in
/// microseconds.
package final class Trace {
  /// The iterations that are kept: enough to see, few enough for a viewer.
  package static let iterationLimit = 100

  private let path: String
  private let coordinator: Coordinator
  private let zero: UInt64
  private var events: [Event] = []
  private var iterationCount = 0
  private var isWritten = false
  /// Why the file is not there, on rank 0: no reason to end a run before it is done.
  package private(set) var failure: (any Error)?

  /// A trace whose time begins now, on all ranks alike. Collective.
  ///
  /// - Parameters:
  ///   - path: the file, which rank 0 writes.
  ///   - coordinator: the ranks.
  /// - Throws: `TrainingError` (exit code 73) if rank 0 cannot write there; `FileError` (74) if the disk
  ///   is full or fails.
  package init(_ path: String, coordinator: Coordinator) throws {
    self.path = path
    self.coordinator = coordinator
    if coordinator.isLead { try Self.output.write("", to: path) }
    try coordinator.world.communicator.barrier()
    zero = DispatchTime.now().uptimeNanoseconds
    let rank = coordinator.rank
    events = [
      Event(
        name: "process_name", kind: "M", process: rank, arguments: ["name": .text("rank \(rank)")]),
      Event(
        name: "thread_name", kind: "M", process: rank, thread: Lane.phases.rawValue,
        arguments: ["name": .text("step")]),
      Event(
        name: "thread_name", kind: "M", process: rank, thread: Lane.buckets.rawValue,
        arguments: ["name": .text("gradients")]),
    ]
  }

  /// Adds an iteration; with the last that is kept, writes the file. Collective.
  func add(_ report: TrainingStep.Report, iteration: Int) throws {
    guard iterationCount < Self.iterationLimit else { return }
    iterationCount += 1
    for span in report.spans {
      events.append(
        event(
          span.phase.rawValue, .phases, span.begin, span.end,
          ["iteration": .number(span.iteration)]))
    }
    // One rank has nothing to send.
    for bucket in report.buckets where coordinator.worldSize > 1 {
      events.append(
        event(
          "bucket \(bucket.bucket)", .buckets, bucket.begunNanoseconds, bucket.endedNanoseconds,
          [
            "iteration": .number(iteration), "bytes": .number(bucket.byteCount),
            "ready": .time(microseconds(bucket.handedOverNanoseconds)),
          ]))
    }
    if iterationCount == Self.iterationLimit { try finish() }
  }

  /// Writes the file, if it is not written yet; sets `failure` if that cannot be. Collective.
  func finish() throws {
    guard !isWritten else { return }
    isWritten = true
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let lines = try events.map { String(decoding: try encoder.encode($0), as: UTF8.self) }
    let all = try coordinator.world.communicator.allgatherv(
      Array(lines.joined(separator: ",\n").utf8))
    guard coordinator.isLead else { return }
    let joined = all.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ",\n")
    do {
      try Self.output.write(
        "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n\(joined)\n]}\n", to: path)
    } catch {
      failure = error
    }
  }

  private static let output = OutputText(of: "trace", option: "--trace")

  private func microseconds(_ nanoseconds: UInt64) -> Double {
    Double(Int64(nanoseconds) - Int64(zero)) / 1e3
  }

  private func event(
    _ name: String, _ lane: Lane, _ begin: UInt64, _ end: UInt64, _ arguments: [String: Argument]
  ) -> Event {
    Event(
      name: name, kind: "X", process: coordinator.rank, thread: lane.rawValue,
      begin: microseconds(begin), length: Double(end - begin) / 1e3, arguments: arguments)
  }
}

/// The rows of a rank.
private enum Lane: Int { case phases, buckets }

/// One line of a trace.
private struct Event: Encodable {
  let name: String
  let kind: String
  let process: Int
  var thread: Int?
  var begin: Double?
  var length: Double?
  let arguments: [String: Argument]

  enum CodingKeys: String, CodingKey {
    case name
    case kind = "ph"
    case process = "pid"
    case thread = "tid"
    case begin = "ts"
    case length = "dur"
    case arguments = "args"
  }
}

/// A value that a viewer shows beside an event.
private enum Argument: Encodable {
  case text(String)
  case number(Int)
  /// In microseconds, as the events' own.
  case time(Double)

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(text)
    case .number(let number): try container.encode(number)
    case .time(let time): try container.encode(time)
    }
  }
}
