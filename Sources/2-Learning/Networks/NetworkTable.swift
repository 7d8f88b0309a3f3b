/// The networks of the zoo. A family is a file in `Families` and a line here.
package enum NetworkTable {
  /// All of them, family by family.
  package static let all: [NetworkCard] = DeepLabV3.cards + PSPNet.cards + LRASPP.cards

  /// The network of this name; nil if there is none.
  package static func card(_ name: String) -> NetworkCard? { all.first { $0.name == name } }

  /// The prefixes of backbones, the longest first, so that the first that a name has is its own.
  package static let backbonePrefixes = Set(all.map(\.backbonePrefix)).sorted {
    ($1.count, $0) < ($0.count, $1)
  }
}

/// A network of `NetworkTable`, by its name; code that writes a name down writes one that is there.
package struct Architecture:
  RawRepresentable, ExpressibleByStringLiteral, CustomStringConvertible, CaseIterable, Hashable,
  Sendable
{
  /// What the program knows of it.
  package let card: NetworkCard

  /// Its name, as `deeplabv3_resnet18`.
  package var rawValue: String { card.name }

  /// Its name.
  package var description: String { rawValue }

  /// The network of this name; nil if there is none.
  package init?(rawValue: String) {
    guard let card = NetworkTable.card(rawValue) else { return nil }
    self.card = card
  }

  /// The network of this name.
  package init(stringLiteral name: StaticString) {
    guard let card = NetworkTable.card("\(name)") else {
      preconditionFailure("Architecture: no \(name); expected a network of NetworkTable")
    }
    self.card = card
  }

  fileprivate init(_ card: NetworkCard) { self.card = card }

  /// All networks.
  package static let allCases = NetworkTable.all.map(Architecture.init)

  /// Whether two are the same network.
  package static func == (left: Architecture, right: Architecture) -> Bool {
    left.rawValue == right.rawValue
  }

  /// Hashes the name.
  package func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}
