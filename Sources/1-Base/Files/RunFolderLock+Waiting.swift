import Glibc
import Host

extension RunFolderLock {
  /// Seconds for which any lock is asked for again.
  package static let patience = 1.0
  /// Seconds for which the lock of a process that is being ended is asked for again.
  package static let patienceForTheEnding = 30.0

  /// Locks `folder/.lock`, once a process that has been killed has given it back.
  ///
  /// A launcher may end before its ranks do: a rank that was killed closes its files only when the
  /// processor, or the disk that it waits for, lets it.
  ///
  /// - Parameters:
  ///   - folder: the run's folder, which is there.
  ///   - files: the calls on its files.
  ///   - isEnding: whether the process of a number on this host is being ended.
  /// - Throws: as `init`; `locked` after `patience`, or `patienceForTheEnding`.
  package static func waiting(
    folder: String, files: FileStore = FileStore(),
    isEnding: (Int32) -> Bool = { isBeingEnded($0) }
  ) throws(FileError) -> RunFolderLock {
    let begin = ContinuousClock.now
    while true {
      do throws(FileError) {
        return try RunFolderLock(folder: folder, files: files)
      } catch {
        let waited = ContinuousClock.now - begin
        let isWorthIt =
          waited < .seconds(patience)
          || waited < .seconds(patienceForTheEnding) && owner(folder, files).map(isEnding) == true
        guard error.kind == .locked, isWorthIt else { throw error }
        usleep(50_000)
      }
    }
  }

  /// The process on this host that the lock's file names as its owner; nil if there is none.
  private static func owner(_ folder: String, _ files: FileStore) -> Int32? {
    let own = files.lockOwner()
    guard let bytes = try? WholeFile.bytes(folder + "/.lock.owner", limit: 4096, files: files),
      var owner = LockOwner(String(decoding: bytes, as: UTF8.self))
    else { return nil }
    owner.holdsLock = false
    return owner.state(seenBy: own, files.processLife) == .alive ? owner.process : nil
  }

  /// Whether a process of this host has been killed and is not gone yet: the signal waits for it, its
  /// memory is gone, or nobody has asked for its exit code.
  ///
  /// - Parameters:
  ///   - process: its number.
  ///   - host: where `/proc` is read.
  package static func isBeingEnded(_ process: Int32, _ host: HostFiles = HostFiles()) -> Bool {
    guard let text = host.text("/proc/\(process)/status") else { return false }
    var hasMemory = false
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      switch parts[0] {
      case "VmSize": hasMemory = true
      case "SigPnd", "ShdPnd":
        let signals = parts[1].drop { $0 == "\t" || $0 == " " }
        if (UInt64(signals, radix: 16) ?? 0) & 1 << (SIGKILL - 1) != 0 { return true }
      default: break
      }
    }
    return !hasMemory
  }
}
