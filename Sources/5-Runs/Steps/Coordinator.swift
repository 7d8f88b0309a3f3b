import DataParallel
import Files
import MPI
import Randomness
import Recipes
import Reduction
import Torch

/// Deals every global batch out to the MPI ranks and speaks for them as one.
///
/// The number of ranks is not a hyper-parameter: a batch of any size goes to any number of ranks,
/// unevenly if need be, and what is computed is what one rank would compute.
package final class Coordinator: Sendable {
  /// The MPI job: this rank's index, the number of ranks, communicators.
  package let world: World
  /// Small sums over the ranks, for losses and layers.
  package let reducer: any Reducer
  /// The compute threads of this rank.
  package let threadCount: Int
  /// Why there are so many, in a few words: `2 cores`.
  private let threadReason: String
  /// What is wrong with this rank's threads or cores, a line each.
  package let threadWarnings: [String]
  /// The vector instructions of all ranks.
  package let instructions: InstructionAgreement
  /// Questions that all ranks answer alike.
  package let agreement: WorldAgreement

  /// This rank's index.
  package var rank: Int { world.rank }
  /// The number of ranks.
  package var worldSize: Int { world.worldSize }
  /// Whether this rank writes files and speaks to the user.
  package var isLead: Bool { world.rank == 0 }

  /// The ranks and their threads, for the first line of a run: `1 rank x 2 threads (2 cores)`.
  package var ranksInWords: String {
    "\(counted(worldSize, "rank")) x \(counted(threadCount, "thread")) (\(threadReason))"
  }

  /// A coordinator over started ranks, which from then on use the same instructions. Collective; once
  /// in a process, before the first operator.
  ///
  /// - Parameters:
  ///   - world: the ranks.
  ///   - threads: compute threads of each rank; 0 for its share of the host's cores.
  ///   - instructions: the vector instructions of all ranks; nil: the most that all have.
  /// - Throws: `TrainingError` if the host has not the cores for so many threads, or, on all ranks, if
  ///   one has not these instructions.
  package init(
    _ world: World, threads: Int = 0, instructions: InstructionSet? = nil
  ) throws {
    self.world = world
    let budget = try ThreadBudget(local: world.local)
    let most = ThreadBudget.most
    guard threads <= most else {
      throw TrainingError(
        .badWorld,
        "train.threads: found \(threads) threads of each rank; expected at most \(most) on \(HostName.current), "
          + "four for each core of it or 16; lower it, or leave it out for a rank's share of the cores"
      )
    }
    let excess = budget.excess.map {
      "OMP_NUM_THREADS: found \($0); expected at most \(most), four for each core of the host or 16; it is "
        + "left out, and ranks share the cores"
    }
    threadWarnings = [threads > 0 ? nil : excess, budget.bindingWarning].compactMap { $0 }
    threadCount = threads > 0 ? threads : budget.threadCount
    threadReason = threads > 0 ? "train.threads" : budget.reason
    reducer = world.worldSize == 1 ? SingleProcess() : RankReducer(world.communicator)
    agreement = WorldAgreement(world.communicator)
    self.instructions = try InstructionAgreement.reach(instructions, world.communicator)
  }

  /// The positions of this rank's images in a global batch.
  package func positions(of batchSize: Int) -> Range<Int> {
    Shard.range(of: batchSize, rank: rank, worldSize: worldSize)
  }

  /// Throws `TrainingError` (exit code 69) if a rank would have no image of a batch to train on.
  package func requireImages(_ batchSize: Int) throws(TrainingError) {
    guard batchSize >= worldSize else {
      throw TrainingError(
        .badWorld,
        "train.batch_size: found \(worldSize) ranks for \(batchSize) images; expected at least an "
          + "image a rank; start at most \(batchSize) ranks or raise the batch")
    }
  }

  /// The largest of the ranks' values. Collective.
  package func maximum(_ value: Double) throws(MPIError) -> Double {
    try world.communicator.allreduce(value, .maximum)
  }

  /// Throws `TrainingError` (exit code 69) on all ranks unless they hold the same text. Collective.
  ///
  /// - Parameters:
  ///   - text: what must be equal.
  ///   - name: what it is, for the message.
  ///   - advice: what to do if they differ.
  package func requireEqual(
    _ text: String, _ name: String, advice: String = "copy one file to every host"
  ) throws(TrainingError) {
    let differing = agreement.ranksThatDiffer(hash: Fingerprint(text).value)
    guard differing.isEmpty else {
      throw TrainingError(
        .badWorld,
        "\(name): ranks \(differing.map(String.init).joined(separator: ", ")): found another "
          + "\(name) than rank 0's; expected the same on all ranks; \(advice)")
    }
  }

  /// Replaces rank 0's bytes on all ranks. Collective.
  package func broadcast(_ bytes: UnsafeMutableRawBufferPointer) throws(MPIError) {
    try world.communicator.broadcast(bytes, from: 0)
  }
}
