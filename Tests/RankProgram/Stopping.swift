import DataParallel
import Foundation
import MPI

// Signals that ask a run to stop; this process sends them to itself.

/// A signal while there is no loop; its number is the argument.
func stopEarly(_ world: World, _ arguments: [String]) throws {
  StopRequest.listen()
  try send(arguments)
}

/// A signal during the loop is a wish, and two that come together are one.
func checkWish(_ world: World, _ arguments: [String]) throws {
  StopRequest.listen()
  StopRequest.heed()
  expect(!StopRequest.isWanted, "nobody has asked")
  try send(arguments)
  expect(StopRequest.isWanted, "signal \(arguments)")
  try send(arguments)
}

/// A signal during the loop, and again more than a second later.
func stopTwice(_ world: World, _ arguments: [String]) throws {
  try checkWish(world, arguments)
  Thread.sleep(forTimeInterval: 1.1)
  try send(arguments)
}

/// A signal that was ignored at the start stays so.
func checkIgnored(_ world: World, _ arguments: [String]) throws {
  for argument in arguments { signal(Int32(argument) ?? 0, SIG_IGN) }
  StopRequest.listen()
  try send(arguments)
  StopRequest.heed()
  try send(arguments)
  expect(!StopRequest.isWanted, "signal \(arguments)")
}

/// Signals that are no wish: PIPE and XFSZ do nothing.
func checkBrokenPipe(_ world: World, _ arguments: [String]) throws {
  ProcessSignals.prepare()
  try send(["\(SIGPIPE)", "\(SIGXFSZ)"])
}

private func send(_ signals: [String]) throws {
  for name in signals { raise(Int32(name) ?? 0) }
}
