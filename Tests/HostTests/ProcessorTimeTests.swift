import Foundation
import Host
import Synchronization
import Testing

/// What processors give a process, and what it waits for them.
@Suite struct ProcessorTimeTests {
  private static func tasks(_ waited: [String: Int]) -> [String: String] {
    Dictionary(
      uniqueKeysWithValues: waited.map {
        ("proc/self/task/\($0.key)/schedstat", "9000000000 \($0.value) 4\n")
      })
  }

  @Test func theThreadThatWaitedLongestCounts() throws {
    let start = ["7": 1_500_000_000, "8": 250_000_000, "9": 4_000_000_000]
    try FakeHost.with(Self.tasks(start)) { host in
      var meter = ProcessorMeter(files: host.files)
      // What was before the first look is past.
      meter.look()
      #expect(meter.time.waited == 0)
      // A thread that is new has waited for nothing yet, and the last one does not count.
      let later = [
        "7": 2_000_000_000, "8": 2_250_000_000, "9": 9_000_000_000, "10": 7_000_000_000,
      ]
      for (path, text) in Self.tasks(later) { try host.write(path, text) }
      meter.look(without: ["9"])
      #expect(meter.time.waited == 2)
      // Those that do not move wait for nothing.
      meter.look(without: ["9"])
      #expect(meter.time.waited == 2)
    }
  }

  @Test(arguments: ["", "0", "1 x 2", "no numbers"])
  func aKernelThatDoesNotTell(text: String) throws {
    try FakeHost.with(["proc/self/task/7/schedstat": text]) { host in
      var meter = ProcessorMeter(files: host.files)
      for _ in 0..<2 { meter.look() }
      #expect(meter.time.waited == 0 && meter.time.used > 0)
    }
  }

  /// This process itself, which works.
  @Test func workTakesTime() {
    var meter = ProcessorMeter()
    meter.look()
    let before = meter.time
    var sum = 0.0
    for number in 0..<2_000_000 { sum += Double(number).squareRoot() }
    meter.look()
    let since = meter.time.since(before)
    #expect(sum > 0 && since.used > 0 && since.waited >= 0)
  }

  @Test func everyThreadHasANumberOfItsOwn() throws {
    let other = Mutex<String?>(nil)
    let thread = try Threads.start("rdd-test") {
      let number = Threads.currentNumber
      other.withLock { $0 = number }
    }
    thread.join()
    let numbers = [Threads.currentNumber, other.withLock { $0 }].compactMap { $0 }
    #expect(Set(numbers).count == 2)
    #expect(FileManager.default.fileExists(atPath: "/proc/self/task/\(numbers[0])/schedstat"))
  }
}
