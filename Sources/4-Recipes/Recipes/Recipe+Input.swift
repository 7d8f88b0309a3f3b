import Networks

extension Recipe {
  /// How images are normalised for a network: (value * scale / 255 - mean) / deviation.
  package struct Input: Sendable, Equatable {
    /// In which order a network wants the channels of an image.
    package enum Order: String, RecipeChoice, CaseIterable {
      /// As its card says; the numbers do not count.
      case own
      /// Red, green, blue.
      case rgb
      /// Blue, green, red.
      case bgr
    }

    /// The order of the channels.
    package var order = Order.own
    /// What the largest value of a pixel becomes.
    package var scale = 1.0
    /// What is subtracted from each channel.
    package var mean = [0.0, 0, 0]
    /// What each channel is divided by.
    package var deviation = [1.0, 1, 1]

    /// Those numbers for the networks; nil where the card says them.
    package var normalisation: InputNormalisation? {
      guard order != .own else { return nil }
      return .custom(
        InputNormalisation.Custom(
          isRGB: order == .rgb, scale: scale, mean: mean, deviation: deviation))
    }
  }
}

extension Recipe.Teacher {
  /// For each class of a teacher that of the data.
  package struct Classes: RecipeValue {
    /// Indices of the data's classes; nil: none. Empty: the classes are the same.
    package var targets: [Int?] = []

    /// The same classes.
    package init() {}
  }
}

extension Recipe.Teacher.Classes {
  static let expected = "a list of class indices and none, or []"
  /// The most classes of a teacher.
  private static let most = 4096

  init?(_ written: Written) {
    guard case .list(let values) = written.form, values.count <= Self.most else { return nil }
    for value in values {
      guard value.word != "none" else {
        targets.append(nil)
        continue
      }
      guard let index = Int(value), (0...254).contains(index) else { return nil }
      targets.append(index)
    }
  }

  var yaml: String { "[" + targets.map { $0.map(\.yaml) ?? "none" }.joined(separator: ", ") + "]" }
}
