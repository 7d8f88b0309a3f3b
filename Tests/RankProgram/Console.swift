import Files
import Foundation
import MPI

/// Lines of the log that cannot be written are counted, told in words, and the next ones get through.
func checkConsole(_ world: World, _ arguments: [String]) throws {
  expect(Console.lossInWords == nil, "nothing is lost yet")
  withError(to: open("/dev/full", O_WRONLY)) {
    Console.say("a line")
    Console.draw("drawn")
    Console.say("another")
  }
  Console.say("it takes lines again")
  expect(Console.lostLines == 2, "lost \(Console.lostLines); expected 2")
  expect(Console.firstLoss?.code == ENOSPC, "\(String(describing: Console.firstLoss))")
  let words = "2 lines of this log could not be written: No space left on device (errno 28)"
  expect(Console.lossInWords == words, Console.lossInWords ?? "nothing")
  waitForNobody()
}

/// Results longer than a launcher reads at once, and the log between them.
func writeStreams(_ world: World, _ arguments: [String]) {
  for round in 1...20 {
    Console.print(String(repeating: "#", count: 5000))
    Console.say("log \(round)")
  }
}

/// The first line waits for a reader that does not read, and those after it do not.
private func waitForNobody() {
  var ends: [Int32] = [0, 0]
  pipe(&ends)
  _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
  let junk = [UInt8](repeating: 0, count: 65536)
  while write(ends[1], junk, junk.count) > 0 {}
  _ = fcntl(ends[1], F_SETFL, 0)
  let begin = Date()
  withError(to: ends[1]) { for line in 1...50 { Console.say("line \(line)") } }
  let seconds = Date().timeIntervalSince(begin)
  expect((1.9...20).contains(seconds), "50 lines took \(seconds) s; expected 2")
  expect(Console.lostLines == 52, "lost \(Console.lostLines); expected 52")
}

private func withError(to descriptor: Int32, _ body: () -> Void) {
  let kept = dup(STDERR_FILENO)
  dup2(descriptor, STDERR_FILENO)
  body()
  dup2(kept, STDERR_FILENO)
}
