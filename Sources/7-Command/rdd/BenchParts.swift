import ArgumentParser
import Files
import Steps
import Tools

/// `rdd bench allreduce`: the times of sums over the ranks.
struct BenchAllreduce: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "allreduce",
    abstract: "Time the sum of gradients over the ranks, beside a plain MPI loop and memory.",
    discussion: """
      Our buckets, a loop of one MPI_Allreduce a gradient, one over all gradients, and a copy of as \
      many bytes, in turn, in float32 and float64.

        mpirun -n 2 rdd bench allreduce
        mpirun -n 2 rdd bench allreduce --mebibytes 2 --mebibytes 100 --json
      """)

  @Option(help: "MiB of all gradients together; may be repeated. (default: 0.0625, 1, 16, 64)")
  var mebibytes: [Double] = []

  @Option(help: "The most MiB of a bucket, as train.bucket_mebibytes.")
  var bucketMebibytes = 25

  @Option(help: "Calls of each kind that are timed.")
  var calls = 20

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if !(1...100_000).contains(calls) {
      throw ValidationError("--calls \(calls); expected 1 to 100000")
    }
    if !(1...4096).contains(bucketMebibytes) {
      throw ValidationError("--bucket-mebibytes \(bucketMebibytes); expected 1 to 4096")
    }
    for size in mebibytes where !(size > 0 && size <= 65536) {
      throw ValidationError("--mebibytes \(size); expected more than 0 and at most 65536")
    }
  }

  func run() throws {
    let coordinator = try Coordinator(try Job.startWorld())
    let sizes = mebibytes.isEmpty ? [0.0625, 1, 16, 64] : mebibytes
    let timings = try AllreduceBench.run(
      sizes: sizes.map { Int($0 * 1_048_576) }, bucketBytes: bucketMebibytes << 20, calls: calls,
      coordinator: coordinator)
    if coordinator.isLead { Console.print(json ? try timings.json : timings.table) }
    try Job.finalize(coordinator.world)
  }
}

/// `rdd bench teacher`: the times of the frozen teacher.
struct BenchTeacher: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "teacher",
    abstract: "Time the frozen teacher, compiled and operator by operator, in turn.",
    discussion: """
      On random images of the recipe's crop and batch; a teacher of random weights does. Also tells \
      how far the logits of both are apart.

        rdd bench teacher launch/recipes/quickstart.yaml --set teacher.weights=none \\
          --set teacher.from_seed=true
      """)

  @OptionGroup var options: RecipeOptions

  @Option(help: "Calls of each engine that are timed.")
  var calls = 7

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if !(1...100_000).contains(calls) {
      throw ValidationError("--calls \(calls); expected 1 to 100000")
    }
  }

  func run() throws {
    let job = try Job(options)
    let timings = try TeacherBench.run(job.recipe, calls: calls, coordinator: job.coordinator)
    if job.coordinator.isLead { Console.print(json ? try timings.json : timings.table) }
    try job.finish()
  }
}
