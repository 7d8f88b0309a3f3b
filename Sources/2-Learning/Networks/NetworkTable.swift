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

/// Which network it is: one of `NetworkTable` by its name, or that of an ONNX file. Code that writes a name
/// down writes one that is there.
package struct Architecture:
  RawRepresentable, ExpressibleByStringLiteral, CustomStringConvertible, CaseIterable, Hashable,
  Sendable
{
  private enum Origin: Sendable {
    case zoo(NetworkCard)
    case graph(path: String)
  }
  private let origin: Origin

  /// What the program knows of a network of the zoo; nil for a graph, of which all is known from its file.
  package var card: NetworkCard? {
    if case .zoo(let card) = origin { card } else { nil }
  }

  /// The ONNX file of a graph; nil for a network of the zoo.
  package var graphPath: String? {
    if case .graph(let path) = origin { path } else { nil }
  }

  /// Its name, as `deeplabv3_resnet18`, or the path of its file.
  package var rawValue: String {
    switch origin {
    case .zoo(let card): card.name
    case .graph(let path): path
    }
  }

  /// Its name, or that of its file without folders: for people, and for files that it is noted in.
  package var description: String {
    rawValue.split(separator: "/").last.map(String.init) ?? rawValue
  }

  /// The network of the zoo of this name; nil if there is none.
  package init?(rawValue: String) {
    guard let card = NetworkTable.card(rawValue) else { return nil }
    origin = .zoo(card)
  }

  /// The network of the zoo of this name.
  package init(stringLiteral name: StaticString) {
    guard let card = NetworkTable.card("\(name)") else {
      preconditionFailure("Architecture: no \(name); expected a network of NetworkTable")
    }
    origin = .zoo(card)
  }

  private init(_ origin: Origin) { self.origin = origin }

  /// The network of an ONNX file, which need not be there yet.
  package static func graph(_ path: String) -> Architecture { Architecture(.graph(path: path)) }

  /// All networks of the zoo.
  package static let allCases = NetworkTable.all.map { Architecture(.zoo($0)) }

  /// Whether two are the same network.
  package static func == (left: Architecture, right: Architecture) -> Bool {
    left.rawValue == right.rawValue
  }

  /// Hashes the name.
  package func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}
