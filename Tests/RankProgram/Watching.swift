import DataParallel
import Foundation
import MPI

// Cases of the watchdog. The loop is a barrier every few milliseconds; one rank does something
// wrong after a second.

/// All goes well, on slow ranks too: nobody is given up, and nothing is left over.
func checkWatchdog(_ world: World, _ arguments: [String]) throws {
  let heartbeat = Heartbeat()
  for _ in 0..<3 {
    let watchdog = try Watchdog(world, wish: 2, heartbeat: heartbeat) { print("said: \($0)") }
    for iteration in 1...4 {
      heartbeat.begin(.step, "barrier", iteration: iteration)
      if world.rank == iteration % world.worldSize { Thread.sleep(forTimeInterval: 0.1) }
      try world.communicator.barrier()
    }
    // Not all ranks stop to watch at once.
    Thread.sleep(forTimeInterval: 0.2 * Double(world.rank))
    try watchdog.stop()
  }
}

/// A rank stops (`stop`), or stands still beside the loop (`stall`); its number is the second
/// argument.
func failUnderWatch(_ world: World, _ arguments: [String]) throws {
  let (kind, culprit) = (arguments[0], Int(arguments[1]))
  let heartbeat = Heartbeat()
  let watchdog = try Watchdog(world, wish: 3, heartbeat: heartbeat) { _ in }
  let begin = MonotonicClock.seconds
  var iteration = 0
  while true {
    iteration += 1
    heartbeat.begin(.step, "barrier", iteration: iteration)
    Thread.sleep(forTimeInterval: 0.01)
    if world.rank == culprit, MonotonicClock.seconds - begin > 1 {
      heartbeat.beat(kind)
      if kind == "stop" { kill(getpid(), SIGSTOP) }
      Thread.sleep(forTimeInterval: 3600)
    }
    try heartbeat.waiting { try world.communicator.barrier() }
    heartbeat.beat("after barrier")
    if iteration < 0 { try watchdog.stop() }
  }
}
