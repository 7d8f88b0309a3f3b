/// The classes of the drawn street scenes; the raw value is the label.
///
/// Names and colours follow the habits of street-scene data sets, so that pictures look familiar.
package enum StreetClass: UInt8, CaseIterable, Sendable {
  /// The carriageway with its marks.
  case road
  /// What people walk on, beside the road.
  case pavement
  /// Houses, also those far away.
  case building
  /// Fences and railings, with what is seen between their bars.
  case fence
  /// Posts of lamps, signs and traffic lights.
  case pole
  /// Traffic signs and traffic lights.
  case sign
  /// Trees (trunk and crown), hedges and grass.
  case vegetation
  /// Sky and clouds.
  case sky
  /// People on foot.
  case person
  /// People on bicycles, with the bicycle.
  case rider
  /// Cars and vans.
  case car

  /// The label of pixels that no loss and no metric counts.
  package static let ignoreIndex: UInt8 = 255

  /// The class's name, lower case.
  package var name: String { String(describing: self) }

  /// The class's colour in label pictures: red, green, blue.
  package var colour: (red: UInt8, green: UInt8, blue: UInt8) {
    switch self {
    case .road: (128, 64, 128)
    case .pavement: (244, 35, 232)
    case .building: (70, 70, 70)
    case .fence: (190, 153, 153)
    case .pole: (153, 153, 153)
    case .sign: (220, 220, 0)
    case .vegetation: (107, 142, 35)
    case .sky: (70, 130, 180)
    case .person: (220, 20, 60)
    case .rider: (255, 110, 30)
    case .car: (0, 0, 142)
    }
  }
}
