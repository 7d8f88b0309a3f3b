import DataParallel
import Foundation
import Host
import Recipes
import Steps

extension RunCheck {
  /// What the host allows beside what the run needs, before a run meets it. Collective over the host; rows
  /// are rank 0's.
  mutating func checkLimits() throws {
    checkThreads()
    checkProcessorTime()
    try checkMemory()
    checkSharedMemory()
    checkOpenFiles()
  }

  /// The ranks have been given these threads already, for a moment: `Coordinator.requireThreads`.
  private mutating func checkThreads() {
    report.note("threads", coordinator.ranksInWords)
    for warning in coordinator.threadWarnings { report.warn(warning) }
    guard tellsAll else { return }
    let needs = ThreadNeeds(.steps(of: recipe), coordinator, isWatched: true)
    report.note("threads beside", "up to \(needs.count) a rank: \(needs.inWords)")
    if let limit = ThreadLimits.all().first {
      report.note("threads allowed", "\(limit.free) more (\(limit.name): \(limit.most))")
    }
  }

  private mutating func checkProcessorTime() {
    let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    let quota = ControlGroups().processorTime
    report.note(
      "processor time",
      "\(cores) cores"
        + (quota.map { String(format: "; %.2f granted (%@)", $0.cores, $0.name) } ?? ", no limit"))
    let computing = coordinator.threadCount * coordinator.world.localWorldSize
    if let quota, quota.cores + 1e-6 < Double(computing),
      computing > coordinator.world.localWorldSize
    {
      report.warn(
        String(
          format:
            "processor time: %d threads compute on this host, and %.2f cores are granted (%@); "
            + "lower train.threads", computing, quota.cores, quota.name))
    }
  }

  private mutating func checkMemory() throws {
    let (own, verdict) = try coordinator.memoryVerdict(recipe)
    let swap = MemoryLimits.swap()
    report.note(
      "memory",
      recipe.train.device == .cpu
        ? "a rank: \(own.inWords); about \(ByteCount.text(own.likely)) in all, and decoded images up to "
          + ByteCount.text(own.images)
        : "a rank: waiting batches \(ByteCount.text(own.batches)), decoded images up to "
          + "\(ByteCount.text(own.images)); what it takes on the GPU is not known")
    let limits = MemoryLimits.all().map { limit in
      "\(ByteCount.text(limit.free)) of \(ByteCount.text(limit.most)) (\(limit.name)"
        + (limit.isPerProcess ? ", each rank)" : ")")
    }
    report.note(
      "memory free",
      (limits.isEmpty ? "not known" : limits.joined(separator: ", "))
        + (swap > 0 ? ", swap \(ByteCount.text(swap))" : ""))
    guard coordinator.world.localRank == 0 else { return }
    if let refusal = verdict.refusal { report.fail(TrainingError(.badWorld, refusal)) }
    if let warning = verdict.warning { report.warn(warning) }
  }

  private mutating func checkSharedMemory() {
    let environment = ProcessInfo.processInfo.environment
    guard let memory = HostRequirements.sharedMemory(environment) else { return }
    let ranks = coordinator.world.localWorldSize
    let free = memory.freeBytes
    report.note(
      "shared memory",
      "\(memory.folder): \(ByteCount.text(memory.bytesNeeded(ranks: ranks))) for MPI's start"
        + (free.map { ", \(ByteCount.text($0)) free" } ?? ""))
  }

  private mutating func checkOpenFiles() {
    let needed = HostRequirements.fileCount(
      loaders: recipe.data.loaderThreads, worldSize: coordinator.worldSize)
    let limit = OpenFiles.limit()
    report.note(
      "open files",
      "up to \(needed) a rank" + (limit.map { "; \($0.most) allowed (\($0.name))" } ?? ""))
    if let limit, limit.most < needed {
      report.warn(
        "open files: \(HostName.current): found \(limit.most) allowed (ulimit -n, its hard limit too); "
          + "expected \(needed); raise it")
    }
  }
}
