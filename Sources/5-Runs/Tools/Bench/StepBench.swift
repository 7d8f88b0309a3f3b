import Foundation
import Host
import Networks
import Recipes
import Steps
import Torch

/// Times the steps of a recipe, which are those of a run: `rdd bench step`.
///
/// The steps begin with the first weights and are the recipe's last iterations, whose stage is the most
/// expensive one. Nothing is saved.
package enum StepBench {
  /// What one rank measured, by step.
  struct Sample {
    var phases: PhaseTimes = [:]
    var seconds = 0.0
    /// Seconds of processor time of all threads.
    var processorSeconds = 0.0
    var collectiveSeconds = 0.0
    var stage = Stage.labels
    var isSkipped = false
    /// Bytes that the process holds after the step.
    var residentBytes = 0.0
    /// Pages that were fresh to the process.
    var freshPages = 0.0
    /// Bytes that are summed over the ranks.
    var gradientBytes = 0
  }

  /// Runs steps and tells their times. Collective.
  ///
  /// - Parameters:
  ///   - recipe: the run.
  ///   - steps: how many are timed, at the most.
  ///   - warmup: how many untimed steps come first; they also prepare the operators.
  ///   - patience: seconds of timed steps after which no further one begins, and how many steps are timed
  ///     whatever they take; nil for all.
  ///   - coordinator: the ranks.
  /// - Returns: the times of all ranks, equal on all of them.
  /// - Throws: what a run would throw.
  package static func run(
    _ recipe: Recipe, steps: Int, warmup: Int, patience: (seconds: Double, steps: Int)? = nil,
    coordinator: Coordinator
  ) throws -> StepTimings {
    var recipe = recipe
    recipe.train.iterations = max(recipe.train.iterations, steps + warmup + 1)
    var (count, seconds) = (0, 0.0)
    let samples = try samples(recipe, steps + warmup, coordinator) { sample in
      guard let patience else { return true }
      count += 1
      seconds += count > warmup ? sample.seconds : 0
      // A collective: all ranks end together.
      return coordinator.agreement.any(
        count < warmup + patience.steps || seconds < patience.seconds)
    }
    return try StepTimings(
      recipe, Array(samples.dropFirst(warmup)), coordinator: coordinator)
  }

  /// At most `count` steps; `goesOn` is asked after each, alike on all ranks.
  private static func samples(
    _ recipe: Recipe, _ count: Int, _ coordinator: Coordinator, goesOn: (Sample) -> Bool
  ) throws -> [Sample] {
    try coordinator.requireImages(recipe.train.batchSize)
    TorchRuntime.threads = coordinator.threadCount
    TorchRuntime.returnMemory()
    let sources = try DataSources(recipe.data)
    let step = try step(recipe, coordinator)
    TorchRuntime.keepMemory()
    let last = recipe.train.iterations
    let loader = try sources.loader(recipe, last - count...last, coordinator)
    defer { loader.stop() }
    let sequence = StepSequence(step, loader, last: last)
    var usage = ProcessUsage()
    // Not the very last: it has no next batch for the teacher.
    var samples: [Sample] = []
    for iteration in last - count..<last {
      let report = try sequence.run(iteration)
      let before = usage
      usage = ProcessUsage()
      let sample = Sample(
        phases: report.phases, seconds: report.seconds,
        processorSeconds: usage.processorSeconds - before.processorSeconds,
        collectiveSeconds: report.collectiveSeconds, stage: report.stage,
        isSkipped: report.omission != nil, residentBytes: Double(usage.residentBytes),
        freshPages: Double(usage.freshPages - before.freshPages),
        gradientBytes: report.buckets.reduce(0) { $0 + $1.byteCount })
      samples.append(sample)
      guard goesOn(sample) else { break }
    }
    try step.close()
    return samples
  }

  /// The step of a run. Here alone is the teacher as it was read; a compiled one outlives it.
  private static func step(_ recipe: Recipe, _ coordinator: Coordinator) throws -> TrainingStep {
    let device = try recipe.device(localRank: coordinator.world.localRank)
    let teacher = try NetworkFactory.teacher(recipe, device: device)
    let student = try NetworkFactory.student(recipe, device: device)
    let methods = try recipe.methods(student, teacher)
    TorchRuntime.threads = recipe.networkThreads(methods, of: coordinator.threadCount)
    return try TrainingStep(
      recipe, student: student,
      teacher: teacher.map { Teacher($0, recipe, methods?.needs ?? [], teaching: student) },
      methods: methods,
      parameters: FlatParameters(
        student, methods, for: recipe.optimiser, exactSums: recipe.train.addsExactly,
        isAlone: coordinator.worldSize == 1),
      coordinator: coordinator)
  }
}

/// What the system says about this process.
struct ProcessUsage {
  /// Bytes in memory now.
  let residentBytes: Int
  /// The most bytes so far.
  let peakBytes: Int
  /// Pages that the system had to provide so far.
  let freshPages: Int
  /// Seconds of processor time of all threads so far, the system's for them included.
  let processorSeconds: Double

  /// As it is now.
  init() {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    // Not ru_maxrss: that of the program which started this one counts there.
    peakBytes = ProcessStatus().bytes("VmHWM") ?? usage.ru_maxrss * 1024
    freshPages = usage.ru_minflt
    processorSeconds = [usage.ru_utime, usage.ru_stime].reduce(0) {
      $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6
    }
    let words = HostFiles().text("/proc/self/statm")?.split(separator: " ")
    let pages = words.flatMap { $0.count > 1 ? Int($0[1]) : nil }
    residentBytes = pages.map { $0 * sysconf(Int32(_SC_PAGESIZE)) } ?? peakBytes
  }
}
