import CMPI
import Glibc

/// All ranks of the job, from MPI_Init to MPI_Finalize.
///
/// Without `mpirun` the world is this process alone.
package final class World: Sendable {
  /// How this process was started, as the environment said before MPI added its own variables.
  package let environment: MPIEnvironment
  /// What MPI granted; `multiple` is asked for.
  package let threadLevel: ThreadLevel
  /// All ranks; a duplicate of MPI_COMM_WORLD, so that no other library's messages meet ours.
  package let communicator: Communicator
  /// The ranks on this host.
  package let local: Communicator

  /// This process's index, in `0..<worldSize`.
  package var rank: Int { communicator.rank }
  /// The number of ranks of the job.
  package var worldSize: Int { communicator.worldSize }
  /// This process's index on its host.
  package var localRank: Int { local.rank }
  /// The number of ranks on this host.
  package var localWorldSize: Int { local.worldSize }

  /// Starts MPI. Collective; once in a process.
  ///
  /// Before that it sets `MPIEnvironment.recommendedSettings`, and under a launcher it asks the
  /// kernel to kill this process when its parent dies, so that no rank outlives its job, and leaves
  /// crashes to the kernel, so that the other ranks need not wait for a backtrace.
  ///
  /// Call it before the process has other threads: it changes the environment.
  /// Source: MPI_Init_thread, MPI 3.1, section 12.4.3.
  package init() throws(MPIError) {
    precondition(!World.isInitialized, "World.init: MPI was started before; expected once")
    environment = MPIEnvironment.current
    for (name, value) in environment.recommendedSettings { setenv(name, value, 0) }
    // Open MPI 5 does not start without one.
    if Self.hasPRRTE { setenv("HOME", Self.homeFolder, 0) }
    if environment.isLaunched {
      _ = cmpi_die_with_parent()
      if !environment.wantsBacktrace { World.leaveCrashesToTheKernel() }
    }
    var granted: Int32 = 0
    try check(
      "MPI_Init_thread", MPI_Init_thread(nil, nil, ThreadLevel.multiple.constant, &granted))
    threadLevel = ThreadLevel(granted: granted)
    let world = cmpi_comm_world()
    try check("MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(world, cmpi_errors_return()))
    var copy: MPI_Comm?
    try check("MPI_Comm_dup", MPI_Comm_dup(world, &copy))
    communicator = try Communicator(owning: copy, countLimit: Communicator.largestCount)
    local = try communicator.splitByHost()
  }

  /// Ends MPI; no communicator may be used afterwards. Collective.
  ///
  /// Only for success: a rank that finalises and then exits with a code other than 0, while others
  /// still communicate, hangs the job. A failing rank calls `abort(code:)` instead.
  package func finalize() throws(MPIError) {
    try local.free()
    try communicator.free()
    try check("MPI_Finalize", MPI_Finalize())
  }

  /// Whether MPI was started in this process.
  package static var isInitialized: Bool { flag { MPI_Initialized(&$0) } }

  /// Whether MPI was started and has not ended.
  package static var isActive: Bool { isInitialized && !flag { MPI_Finalized(&$0) } }

  /// This process's rank and the number of ranks, if MPI is active.
  package static var place: (rank: Int, worldSize: Int)? {
    guard isActive else { return nil }
    var rank: Int32 = 0
    var size: Int32 = 0
    guard MPI_Comm_rank(cmpi_comm_world(), &rank) == MPI_SUCCESS,
      MPI_Comm_size(cmpi_comm_world(), &size) == MPI_SUCCESS
    else { return nil }
    return (Int(rank), Int(size))
  }

  /// What the MPI that is active in this process allows threads to do.
  package static var threadLevel: ThreadLevel {
    var granted: Int32 = 0
    guard isActive, MPI_Query_thread(&granted) == MPI_SUCCESS else { return .single }
    return ThreadLevel(granted: granted)
  }

  /// The name and version of the MPI library, in one line.
  package static var libraryVersion: String {
    var text = [CChar](repeating: 0, count: Int(MPI_MAX_LIBRARY_VERSION_STRING))
    var length: Int32 = 0
    guard MPI_Get_library_version(&text, &length) == MPI_SUCCESS else { return "unknown" }
    let bytes = text.prefix(Int(length)).prefix { $0 != 0 && $0 != 10 }
    return String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// This user's folder, as the system's list says.
  private static var homeFolder: String {
    getpwuid(geteuid())?.pointee.pw_dir.map { String(cString: $0) } ?? "/"
  }

  /// Whether the MPI library is Open MPI 5 or later, whose launcher is PRRTE.
  package static var hasPRRTE: Bool { openMPIVersion ?? 0 >= 5 }

  /// The first number of Open MPI's version; nil for another library.
  package static var openMPIVersion: Int? {
    let text = libraryVersion
    guard text.hasPrefix("Open MPI v") else { return nil }
    return Int(text.dropFirst("Open MPI v".count).prefix { $0.isNumber })
  }

  /// Ends every rank of the job; `mpirun` exits with `code`. The caller has said why.
  ///
  /// - Parameter code: 1...255. (0 and 256 would look like success.)
  package static func abort(code: Int32) -> Never {
    precondition((1...255).contains(code), "World.abort: code \(code); expected 1...255")
    if isActive {
      silence()
      _ = MPI_Abort(cmpi_comm_world(), code)
    }
    _exit(code)
  }

  /// Keeps Open MPI 4 from a block of text about the abort, under which the reason would drown. What
  /// `mpirun` itself tells of ranks that died is not touched. Other libraries have no such switch.
  private static func silence() {
    dlsym(nil, "orte_execute_quiet")?.assumingMemoryBound(to: Bool.self).pointee = true
  }

  /// Takes back the handlers by which Swift's runtime writes a backtrace, which takes seconds.
  private static func leaveCrashesToTheKernel() {
    for crash in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGQUIT] {
      signal(crash, SIG_DFL)
    }
  }

  private static func flag(_ read: (inout Int32) -> Int32) -> Bool {
    var value: Int32 = 0
    return read(&value) == MPI_SUCCESS && value != 0
  }
}
