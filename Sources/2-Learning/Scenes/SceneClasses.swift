import Datasets
import ImageIO

/// Which classes the labels of drawn scenes tell apart.
package enum SceneClasses: String, Sendable, CaseIterable {
  /// All of them.
  case all
  /// Those that fill areas; the pixels of thin and rare things are ignored. In scenes of 64 x 128
  /// pixels posts, signs and people are one or two pixels wide, and a short run learns none of them.
  case large

  /// The classes, in the order of their labels.
  package var members: [StreetClass] {
    switch self {
    case .all: StreetClass.allCases
    case .large: [.road, .pavement, .building, .vegetation, .sky, .car]
    }
  }

  /// Their names and colours.
  package var list: ClassList {
    ClassList(
      names: members.map(\.name),
      colours: members.map { RGBColour($0.colour.red, $0.colour.green, $0.colour.blue) })
  }

  /// Labels of these classes for `StreetClass` labels, pixel by pixel.
  func labels(_ drawn: [UInt8]) -> [UInt8] {
    guard self != .all else { return drawn }
    var table = [UInt8](repeating: StreetClass.ignoreIndex, count: 256)
    for (label, member) in members.enumerated() { table[Int(member.rawValue)] = UInt8(label) }
    return drawn.map { table[Int($0)] }
  }
}
