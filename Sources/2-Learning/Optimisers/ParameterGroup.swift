/// Factors for the parameters whose names fit a pattern.
package struct ParameterGroup: Sendable, Equatable {
  /// A `state_dict` name in which `*` stands for any text: `*.bias`.
  package var match: String
  /// The factor of the learning rate.
  package var rate = 1.0
  /// The factor of the weight decay.
  package var decay = 1.0

  /// A group of these factors.
  package init(match: String, rate: Double = 1, decay: Double = 1) {
    self.match = match
    self.rate = rate
    self.decay = decay
  }

  /// Whether a name fits the pattern, from its first character to its last.
  package func matches(_ name: String) -> Bool {
    let (pattern, name) = (Array(match.utf8), Array(name.utf8))
    var (place, at) = (0, 0)
    // The last star, and where what it stands for ends.
    var (star, end): (Int?, Int) = (nil, 0)
    while at < name.count {
      if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
        (star, end) = (place, at)
        place += 1
      } else if place < pattern.count, pattern[place] == name[at] {
        place += 1
        at += 1
      } else if let star {
        end += 1
        (place, at) = (star + 1, end)
      } else {
        return false
      }
    }
    return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}

extension [ParameterGroup] {
  /// The factors of a parameter: those of all groups that its name fits, multiplied.
  package func factors(of name: String) -> (rate: Double, decay: Double) {
    filter { $0.matches(name) }.reduce((1, 1)) { ($0.0 * $1.rate, $0.1 * $1.decay) }
  }

  /// The first group that fits none of the names; nil if each fits some.
  package func firstWithoutMatch(in names: [String]) -> ParameterGroup? {
    first { group in !names.contains { group.matches($0) } }
  }
}
