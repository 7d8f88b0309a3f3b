import Foundation

/// A terminal of which this process has the other end.
public struct TestTerminal {
  private let descriptor: Int32
  /// The end that a program writes to.
  public let path: String

  /// The system gave no terminal.
  public struct Failure: Error {}

  /// A new terminal, of no known width.
  public init() throws {
    descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var (number, isLocked): (Int32, Int32) = (0, 0)
    // TIOCSPTLCK and TIOCGPTN, which Swift does not see.
    guard ioctl(descriptor, 0x4004_5431, &isLocked) == 0,
      ioctl(descriptor, 0x8004_5430, &number) == 0
    else { throw Failure() }
    path = "/dev/pts/\(number)"
  }

  /// Ends it under those who write to it.
  public func close() { Glibc.close(descriptor) }

  /// All that is written, until nobody has it open any more, or for `seconds`.
  public func text(seconds: Double = 60) -> String {
    let deadline = Date(timeIntervalSinceNow: seconds)
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while Date() < deadline {
      var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&request, 1, 100) > 0 else { continue }
      let count = read(descriptor, &part, part.count)
      // EIO: the other end is closed everywhere.
      guard count > 0 else { break }
      bytes += part[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
