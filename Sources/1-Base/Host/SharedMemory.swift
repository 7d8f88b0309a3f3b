import Glibc

/// The shared memory that Open MPI takes for the ranks of a host: a file for each of them, whether there
/// are others or not, in `/dev/shm`.
///
/// A rank makes its file only where there is room for all of it and a twentieth more; without, Open MPI
/// goes on by slower ways, or ends. Of a file those pages count that were written: on 2 and 4 ranks some
/// 220 KiB of 4 MiB, during a whole run. Open MPI 5 does the same with files of 16 MiB.
package struct SharedMemory: Sendable, Equatable {
  /// Where the files are.
  package let folder: String
  /// The bytes of one rank's file.
  package let segmentBytes: Int

  /// What Open MPI's settings in the environment ask for; nil if they leave its shared memory out.
  ///
  /// - Parameters:
  ///   - environment: the variables.
  ///   - version: the first number of Open MPI's version: 5 calls `sm` what 4 calls `vader`, and knows
  ///     the old names too.
  package init?(_ environment: [String: String], version: Int) {
    let names = version < 5 ? ["vader"] : ["sm", "vader"]
    if let list = environment["OMPI_MCA_btl"] {
      let isExclusion = list.hasPrefix("^")
      let listed = list.drop { $0 == "^" }.split(separator: ",").map(String.init)
      guard listed.contains(where: names.contains) != isExclusion else { return nil }
    }
    func setting(_ what: String) -> String? {
      names.lazy.compactMap { environment["OMPI_MCA_btl_\($0)_\(what)"] }.first
    }
    folder = setting("backing_directory") ?? "/dev/shm"
    segmentBytes = setting("segment_size").flatMap(Self.bytes) ?? (version < 5 ? 4 : 16) << 20
  }

  /// What one rank writes of its file.
  private static let writtenBytes = 256 << 10

  /// What has to be free before so many ranks of a host start.
  package func bytesNeeded(ranks: Int) -> Int {
    segmentBytes + segmentBytes / 20 + max(ranks - 1, 0) * min(Self.writtenBytes, segmentBytes)
  }

  /// Bytes that can still be written there; nil if the system does not say.
  package var freeBytes: Int? {
    var status = statvfs()
    guard statvfs(folder, &status) == 0 else { return nil }
    let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(
      by: UInt64(status.f_frsize))
    return overflow ? Int.max : Int(clamping: bytes)
  }

  /// Open MPI's way of writing sizes: `4194304`, `4m`.
  private static func bytes(_ text: String) -> Int? {
    let units: [Character: Int] = ["k": 10, "m": 20, "g": 30]
    let shift = text.last.flatMap { units[Character($0.lowercased())] }
    guard let count = Int(shift == nil ? text[...] : text.dropLast()), count > 0, count < 1 << 32
    else { return nil }
    return count << (shift ?? 0)
  }
}
