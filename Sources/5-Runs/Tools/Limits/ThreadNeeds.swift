import DataParallel
import Foundation
import Host
import Recipes
import Steps

/// The threads that a rank starts once MPI runs, the most of them at one time, by what they are for.
package struct ThreadNeeds: Equatable, Sendable {
  /// What a command does with the ranks.
  package enum Work: Equatable, Sendable {
    /// Networks or losses alone.
    case measuring
    /// Steps of training, with threads that read images; on rank 0 pictures are drawn, or not.
    case training(loaders: Int, drawsPictures: Bool)

    /// The steps of a recipe.
    package static func steps(of recipe: Recipe) -> Work {
      .training(
        loaders: recipe.data.loaderThreads, drawsPictures: recipe.evaluation.pictures > 0)
    }
  }

  /// To compute: those of LibTorch, of losses and of predictions.
  package let computing: Int
  /// To read and augment images.
  package let loading: Int
  /// To watch whether anything moves.
  package let watching: Int
  /// To sum gradients over the ranks.
  package let summing: Int

  /// All together.
  package var count: Int { computing + loading + watching + summing }

  /// What a rank needs.
  ///
  /// LibTorch has two pools, and a new one is there before the old one has gone; its first has a thread
  /// for each core of the host, whatever is asked for. Losses, predictions and pictures have a pool each.
  ///
  /// - Parameters:
  ///   - work: what the command does.
  ///   - threadCount: the threads that a rank computes with.
  ///   - coreCount: cores of the host, this rank's or not.
  ///   - worldSize: the number of ranks.
  ///   - isLead: whether it is rank 0.
  ///   - isWatched: whether there is a watchdog.
  package init(
    _ work: Work, threadCount: Int, coreCount: Int, worldSize: Int, isLead: Bool, isWatched: Bool
  ) {
    var pools = 3
    var loaders = 0
    if case .training(let count, let drawsPictures) = work {
      loaders = count
      if isLead, drawsPictures { pools += 1 }
    }
    let others = threadCount - 1
    computing = max((3 + pools) * others, others + max(coreCount, 1) - 1)
    loading = loaders
    watching = isWatched ? (worldSize > 1 ? 2 : 1) : 0
    summing = worldSize > 1 ? 1 : 0
  }

  /// The threads that each rank of this job needs.
  package init(_ work: Work, _ coordinator: Coordinator, isWatched: Bool) {
    self.init(
      work, threadCount: coordinator.threadCount,
      coreCount: Int(sysconf(Int32(_SC_NPROCESSORS_CONF))), worldSize: coordinator.worldSize,
      isLead: coordinator.isLead, isWatched: isWatched)
  }

  /// The numbers of threads and their purposes, as `3 to compute, 1 to load images`.
  package var inWords: String {
    [
      (computing, "to compute"), (loading, "to load images"), (watching, "to watch"),
      (summing, "for gradients"),
    ].filter { $0.0 > 0 }.map { "\($0) \($1)" }.joined(separator: ", ")
  }
}

/// The one line about threads that a host does not give.
package enum ThreadRefusal {
  /// - Parameters:
  ///   - place: who found it: a host.
  ///   - given: how many threads the ranks of the host were given.
  ///   - wanted: how many they need.
  ///   - ranks: ranks of the host.
  ///   - needs: what one of them needs, in words.
  ///   - limit: the tightest limit that can be seen; nil if there is none.
  ///   - canLower: whether a recipe's keys say how many threads there are.
  package static func line(
    place: String, given: Int, wanted: Int, ranks: Int, needs: String, limit: HostLimit?,
    canLower: Bool = true
  ) -> String {
    // A limit that has room enough is not the one that refused.
    let name = limit.flatMap { $0.free < wanted ? "\($0.name): \($0.most)" : nil }
    let ofRanks = ranks > 1 ? ", of \(ranks) ranks together" : ""
    let others = [
      canLower ? "lower train.threads or data.loader_threads, " : "",
      ranks > 1 ? "start fewer ranks, " : "",
    ].joined()
    return "threads: \(place): found \(given) more allowed"
      + " (\(name ?? "by a limit that does not show here")); expected \(wanted)\(ofRanks): a rank "
      + "needs \(needs); \(others)\(others.isEmpty ? "" : "or ")raise ulimit -u or the container's "
      + "pids.max"
  }
}
