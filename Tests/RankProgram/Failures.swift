import DataParallel
import Foundation
import MPI

// Cases in which the job must end, with the right code and message.

/// The last rank aborts with the given code while the others wait for it.
func failByAbort(_ world: World, _ arguments: [String]) throws {
  if world.rank == world.worldSize - 1 {
    world.communicator.abort(code: Int32(arguments.first ?? "") ?? 1)
  }
  try world.communicator.barrier()
}

/// All ranks find the same fault at the same time, in a loop that may be asked to stop.
func failOnAllRanks(_ world: World, _ arguments: [String]) throws {
  StopRequest.listen()
  StopRequest.heed()
  try world.communicator.barrier()
  FailureExit.leave("recipe: a.yaml: line 3:\nunknown key", code: 65)
}

/// The last rank fails while the others communicate; several of its threads fail at once.
func failOnOneRank(_ world: World, _ arguments: [String]) throws {
  if world.rank == world.worldSize - 1 {
    DispatchQueue.concurrentPerform(iterations: 2) { _ in
      FailureExit.leave("image: b.png: truncated", code: 65)
    }
  }
  while true { try world.communicator.barrier() }
}

/// A collective in the reducer fails: ranks bring unequal counts.
func failInCollective(_ world: World, _ arguments: [String]) throws {
  let reducer = RankReducer(world.communicator)
  var values = [Double](repeating: 1, count: world.rank == 0 ? 8 : 4)
  reducer.sum(&values)
  try world.communicator.barrier()
}

/// The last rank has another gradient than the others.
func failInLayout(_ world: World, _ arguments: [String]) throws {
  let isLast = world.rank == world.worldSize - 1
  let shape = GradientShape(count: isLast ? 6 : 5, type: .float32)
  _ = try GradientBuckets(shapes: [shape], bucketBytes: 64, communicator: world.communicator)
}

/// The job has ended well, and then one rank has something to complain about.
func failAfterEnd(_ world: World, _ arguments: [String]) throws {
  let rank = world.rank
  try world.finalize()
  if rank == 0 { FailureExit.leave("log: standard output: closed", code: 74) }
  exit(0)
}

/// The other ranks never come to the end, for which rank 0 waits.
func endAlone(_ world: World, _ arguments: [String]) throws {
  if world.rank > 0 {
    sleep(60)
    exit(0)
  }
  try EndGuard.finalize(world) { 7 }
}

/// MPI ends; a library in its place may not, see JobEndTests.
func end(_ world: World, _ arguments: [String]) throws {
  let code = Int32(arguments.first ?? "") ?? 0
  guard code == 0 else { try FailureExit.end(world, code: code) }
  try EndGuard.finalize(world)
  exit(0)
}

/// mpirun is killed; each rank notes its process id in the given folder first.
func killLauncher(_ world: World, _ arguments: [String]) throws {
  try noteProcess(world, arguments)
  if world.rank == 0 { kill(getppid(), SIGKILL) }
  while true { sleep(1) }
}

/// Never ends; each rank notes its process id in the given folder first.
func waitForEver(_ world: World, _ arguments: [String]) throws {
  try noteProcess(world, arguments)
  while true { sleep(1) }
}

private func noteProcess(_ world: World, _ arguments: [String]) throws {
  let folder = URL(fileURLWithPath: arguments.first ?? "/nowhere")
  try "\(getpid())".write(
    to: folder.appendingPathComponent("\(world.rank)"), atomically: false, encoding: .utf8)
  try world.communicator.barrier()
}
