import CXXHash

/// XXH3 with 128 bits over bytes that come in pieces.
struct DataHash: ~Copyable {
  private let state: OpaquePointer

  init() {
    guard let state = XXH3_createState() else { preconditionFailure("out of memory: hash state") }
    self.state = state
    XXH3_128bits_reset(state)
  }

  deinit { XXH3_freeState(state) }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    XXH3_128bits_update(state, bytes.baseAddress, bytes.count)
  }

  mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  /// The hash so far, 32 lower-case hexadecimal digits, high half first.
  var digits: String {
    let hash = XXH3_128bits_digest(state)
    return [hash.high64, hash.low64].map { word in
      let text = String(word, radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }.joined()
  }

  /// Number of digits of a hash.
  static let digitCount = 32
}
