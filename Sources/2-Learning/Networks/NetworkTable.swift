/// The networks of the zoo. A family is a file in `Families` and a line here.
public enum NetworkTable {
  /// All of them, family by family.
  public static let all: [NetworkCard] = DeepLabV3.cards + PSPNet.cards + LRASPP.cards

  /// The network of this name; nil if there is none.
  public static func card(_ name: String) -> NetworkCard? { all.first { $0.name == name } }

  /// The prefixes of backbones, the longest first, so that the first that a name has is its own.
  public static let backbonePrefixes = Set(all.map(\.backbonePrefix)).sorted {
    ($1.count, $0) < ($0.count, $1)
  }
}

/// A network of `NetworkTable`, by its name; code that writes a name down writes one that is there.
public struct Architecture:
  RawRepresentable, ExpressibleByStringLiteral, CustomStringConvertible, CaseIterable, Hashable,
  Sendable
{
  /// What the program knows of it.
  public let card: NetworkCard

  /// Its name, as `deeplabv3_resnet18`.
  public var rawValue: String { card.name }

  /// Its name.
  public var description: String { rawValue }

  /// The network of this name; nil if there is none.
  public init?(rawValue: String) {
    guard let card = NetworkTable.card(rawValue) else { return nil }
    self.card = card
  }

  /// The network of this name.
  public init(stringLiteral name: StaticString) {
    guard let card = NetworkTable.card("\(name)") else {
      preconditionFailure("Architecture: no \(name); expected a network of NetworkTable")
    }
    self.card = card
  }

  fileprivate init(_ card: NetworkCard) { self.card = card }

  /// All networks.
  public static let allCases = NetworkTable.all.map(Architecture.init)

  /// Whether two are the same network.
  public static func == (left: Architecture, right: Architecture) -> Bool {
    left.rawValue == right.rawValue
  }

  /// Hashes the name.
  public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}
