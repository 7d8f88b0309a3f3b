import DataParallel
import MPI

// One rank of a test. `rank-program CASE [ARGUMENT...]`, usually under mpirun; a rank on which all
// holds prints "rank R of N: CASE holds". The suites in MPITests and DataParallelTests count those
// lines.

/// A test case: it is given the world and the arguments after its name.
typealias Case = (World, [String]) throws -> Void

let cases: [String: Case] = [
  "world": checkWorld, "allreduce": checkAllreduce, "gather": checkGather,
  "broadcast": checkBroadcast, "barrier": checkBarrier, "requests": checkRequests,
  "threads": checkThreads, "returned-error": checkReturnedError,
  "buckets": checkBuckets, "bucket-order": checkBucketOrder, "rounded-buckets": checkRoundedBuckets,
  "reducer": checkReducer,
  "agreement": checkAgreement, "budget": checkBudget,
  "abort": failByAbort, "fail-all": failOnAllRanks, "fail-one": failOnOneRank,
  "fail-collective": failInCollective, "fail-layout": failInLayout, "fail-after": failAfterEnd,
  "kill-launcher": killLauncher, "end": end, "end-alone": endAlone,
  "stop-early": stopEarly, "stop-wish": checkWish, "stop-twice": stopTwice,
  "stop-ignored": checkIgnored, "broken-pipe": checkBrokenPipe, "console": checkConsole,
  "streams": writeStreams,
  "wait": waitForEver, "watchdog": checkWatchdog, "fail-watched": failUnderWatch,
]

let arguments = Array(CommandLine.arguments.dropFirst())
let name = arguments.first ?? ""
if name == "fail-before" { FailureExit.leave("recipe: a.yaml: no such file", code: 66) }
guard let body = cases[name] else {
  FailureExit.leave("case: \(name): unknown; expected one of \(cases.keys.sorted())", code: 64)
}
do {
  let world = try World()
  do {
    try world.environment.checkWorld(
      worldSize: world.worldSize, command: ["rank-program"] + arguments)
  } catch {
    FailureExit.leave(error, code: LaunchError.exitCode)
  }
  try body(world, Array(arguments.dropFirst()))
  print("rank \(world.rank) of \(world.worldSize): \(name) holds")
  try world.finalize()
} catch {
  FailureExit.leave(error, code: FailureExit.communicationFailed)
}
