import CMPI

/// Which threads of a process may call MPI; a higher level allows more.
///
/// Source: MPI 3.1, section 12.4.3.
package enum ThreadLevel: Int, Comparable, Sendable {
  /// The process has one thread.
  case single = 0
  /// Only the thread that initialised MPI calls it.
  case funneled = 1
  /// Any thread calls MPI, one at a time.
  case serialized = 2
  /// Any thread calls MPI at any time.
  case multiple = 3

  /// Whether `left` allows less than `right`.
  package static func < (left: ThreadLevel, right: ThreadLevel) -> Bool {
    left.rawValue < right.rawValue
  }

  /// The constant of mpi.h; the standard orders the constants but does not fix their values.
  var constant: Int32 {
    switch self {
    case .single: Int32(MPI_THREAD_SINGLE)
    case .funneled: Int32(MPI_THREAD_FUNNELED)
    case .serialized: Int32(MPI_THREAD_SERIALIZED)
    case .multiple: Int32(MPI_THREAD_MULTIPLE)
    }
  }

  /// The highest level that a constant of mpi.h grants.
  init(granted constant: Int32) {
    let levels: [ThreadLevel] = [.multiple, .serialized, .funneled]
    self = levels.first { $0.constant <= constant } ?? .single
  }
}
