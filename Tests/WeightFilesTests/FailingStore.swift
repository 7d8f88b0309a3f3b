import Files
import Foundation
import Synchronization
import WeightFiles

/// The calls of a file store, counted, one of which can be made to fail.
final class FailingStore: Sendable {
  /// What happens at the chosen call.
  enum Fault: Sendable {
    /// The call does nothing and fails with this error number.
    case error(Int32)
    /// The call is done, and fails all the same.
    case errorAfter(Int32)
    /// A write takes one byte, a read returns one byte; other calls are done.
    case short
    /// This call and all later ones fail: as after the death of the process.
    case death
  }

  private struct State {
    var count = 0
    var names: [String] = []
  }

  private let state = Mutex(State())
  private let chosen: Int
  private let fault: Fault

  /// A store whose call number `chosen` (0 is the first) fails as `fault` says.
  init(at chosen: Int = .max, _ fault: Fault = .error(EIO)) {
    self.chosen = chosen
    self.fault = fault
  }

  /// The names of the calls so far.
  var names: [String] { state.withLock { $0.names } }

  private func call<R>(
    _ name: String, _ body: () throws(SystemError) -> R
  ) throws(SystemError) -> R {
    let index = state.withLock { state in
      state.names.append(name)
      state.count += 1
      return state.count - 1
    }
    switch fault {
    case .error(let code) where index == chosen: throw SystemError(code: code)
    case .errorAfter(let code) where index == chosen:
      _ = try body()
      throw SystemError(code: code)
    // A dead process closes its files and does nothing else.
    case .death where index >= chosen && name != "close": throw SystemError(code: EIO)
    default: return try body()
    }
  }

  private func isShort() -> Bool {
    if case .short = fault { return state.withLock { $0.count } == chosen + 1 }
    return false
  }

  /// The system's calls with the fault.
  var files: FileStore {
    let system = FileStore()
    var files = FileStore()
    files.open = { path, flags, mode throws(SystemError) in
      try self.call("open") { () throws(SystemError) in try system.open(path, flags, mode) }
    }
    files.read = { descriptor, buffer throws(SystemError) in
      try self.call("read") { () throws(SystemError) in
        let count = self.isShort() ? min(1, buffer.count) : buffer.count
        return try system.read(
          descriptor, UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
      }
    }
    files.write = { descriptor, buffer throws(SystemError) in
      try self.call("write") { () throws(SystemError) in
        let count = self.isShort() ? min(1, buffer.count) : buffer.count
        return try system.write(descriptor, UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      }
    }
    files.fsync = { descriptor throws(SystemError) in
      try self.call("fsync") { () throws(SystemError) in try system.fsync(descriptor) }
    }
    files.close = { descriptor throws(SystemError) in
      try self.call("close") { () throws(SystemError) in try system.close(descriptor) }
    }
    files.rename = { old, new throws(SystemError) in
      try self.call("rename") { () throws(SystemError) in try system.rename(old, new) }
    }
    files.unlink = { path throws(SystemError) in
      try self.call("unlink") { () throws(SystemError) in try system.unlink(path) }
    }
    files.mkdir = { path throws(SystemError) in
      try self.call("mkdir") { () throws(SystemError) in try system.mkdir(path) }
    }
    files.byteCount = { descriptor throws(SystemError) in
      try self.call("fstat") { () throws(SystemError) in try system.byteCount(descriptor) }
    }
    files.freeBytes = { path throws(SystemError) in
      try self.call("statvfs") { () throws(SystemError) in try system.freeBytes(path) }
    }
    files.status = { path throws(SystemError) in
      try self.call("stat") { () throws(SystemError) in try system.status(path) }
    }
    files.names = { path throws(SystemError) in
      try self.call("opendir") { () throws(SystemError) in try system.names(path) }
    }
    files.lock = { descriptor throws(SystemError) in
      try self.call("flock") { () throws(SystemError) in try system.lock(descriptor) }
    }
    return files
  }
}
