import Glibc

/// The name of this host, as the kernel knows it: no name server is asked.
package enum HostName {
  /// The name; `unknown` if there is none.
  package static var current: String {
    var characters = [CChar](repeating: 0, count: 256)
    guard gethostname(&characters, characters.count - 1) == 0 else { return "unknown" }
    let bytes = characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return String(decoding: bytes, as: UTF8.self)
  }
}
