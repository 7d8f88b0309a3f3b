import Reduction

/// What keeps a rank from going on, such as an image that went, once all ranks know of it: they end
/// together, after what can be saved is saved.
package struct RankFailure: Error, Equatable, CustomStringConvertible, Sendable {
  /// The rank that failed; of several the first.
  package let rank: Int
  /// Its host.
  package let host: String
  /// The exit code of the job.
  package let code: Int32
  /// What has failed there, in one line.
  package let description: String

  /// The failure of the first rank that has one, equal on all ranks; nil if none has. Collective.
  ///
  /// - Parameters:
  ///   - own: what has failed on this rank; nil if nothing has.
  ///   - code: the exit code for an error, 1...255.
  ///   - reducer: the ranks.
  package static func first(
    _ own: (any Error)?, code: (any Error) -> Int32, _ reducer: any Reducer
  ) -> RankFailure? {
    let told = own.map { error in
      let text = "\(HostName.current)\n\(error)"
      return [UInt8(truncatingIfNeeded: code(error))] + Array(text.utf8)
    }
    for (rank, bytes) in reducer.gather(told ?? []).enumerated() {
      guard let code = bytes.first else { continue }
      return RankFailure(rank: rank, code: Int32(code), bytes.dropFirst())
    }
    return nil
  }

  /// The same failure with more words at its end.
  package func adding(_ words: String) -> RankFailure {
    RankFailure(rank: rank, host: host, code: code, description: description + words)
  }

  private init(rank: Int, host: String, code: Int32, description: String) {
    (self.rank, self.host, self.code) = (rank, host, code)
    self.description = description
  }

  private init(rank: Int, code: Int32, _ text: ArraySlice<UInt8>) {
    let parts = text.split(
      separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
    self.rank = rank
    self.code = code
    host = String(decoding: parts[0], as: UTF8.self)
    description = String(decoding: parts.dropFirst().first ?? [], as: UTF8.self)
  }
}
