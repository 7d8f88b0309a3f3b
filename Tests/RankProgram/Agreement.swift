import DataParallel
import MPI
import Reduction

func checkAgreement(_ world: World, _ arguments: [String]) throws {
  let agreement = WorldAgreement(world.communicator)
  let size = world.worldSize
  for hash in [0, 1, UInt64.max, 0x8000_0000_0000_0000] {
    expectEqual(agreement.ranksThatDiffer(hash: hash), [], "equal hashes \(hash)")
    for odd in 0..<size {
      let mine = world.rank == odd ? ~hash : hash
      let expected = odd == 0 ? Array(1..<size) : [odd]
      expectEqual(agreement.ranksThatDiffer(hash: mine), expected, "rank \(odd) differs")
    }
  }
  for odd in 0..<size {
    expect(agreement.any(world.rank == odd), "any: set on rank \(odd)")
  }
  expect(!agreement.any(false), "any of none")
}

func checkReducer(_ world: World, _ arguments: [String]) throws {
  let reducer: any Reducer = RankReducer(world.communicator)
  expectEqual([reducer.rank, reducer.worldSize], [world.rank, world.worldSize], "place")
  let factor = world.worldSize * (world.worldSize + 1) / 2
  var doubles = [0.5, -2, 1e300].map { $0 * Double(world.rank + 1) }
  reducer.sum(&doubles)
  expectEqual(doubles, [0.5, -2, 1e300].map { $0 * Double(factor) }, "doubles")
  var integers = [Int64(world.rank + 1) << 56, -1]
  reducer.sum(&integers)
  expectEqual(integers, [Int64(factor) << 56, Int64(-world.worldSize)], "integers")
  var nothing: [Double] = []
  reducer.sum(&nothing)
}

func checkBudget(_ world: World, _ arguments: [String]) throws {
  let budget = try ThreadBudget(local: world.local)
  let budgets = try world.communicator.allgather(Int64(budget.threadCount))
  expect(budgets.allSatisfy { $0 == budgets[0] }, "equal shares: \(budgets)")
  if world.rank == 0 { print(budget) }
}
