import Randomness

/// Which images validate: the same of the same names, wherever they lie and whoever asks.
package enum NameSplit {
  /// Images of a hundred that validate.
  private static let percent = 15

  /// The places of the names that validate: 15 of 100 of them, but at least one.
  ///
  /// They are those whose names have the smallest hashes, so that a few images more change little.
  ///
  /// - Parameter names: two or more.
  package static func validation(of names: [String]) -> Set<Int> {
    let count = max(1, (names.count * percent + 50) / 100)
    let ordered = names.indices.map { (hash: hash(names[$0]), place: $0) }.sorted { $0 < $1 }
    return Set(ordered.prefix(count).map(\.place))
  }

  /// What top folders call the two parts, if that is how all of the images lie.
  ///
  /// - Parameter images: paths of images.
  /// - Returns: the places that train and those that validate, where there are some of both; nil if the
  ///   folders do not say it. What lies in folders of tests is in neither.
  package static func folders(of images: [String]) -> (training: [Int], validation: [Int])? {
    let tops = images.map { path in
      path.contains("/") ? path.prefix { $0 != "/" }.lowercased() : ""
    }
    let words = [
      ["train", "training"], ["val", "valid", "validation"], ["test", "testing"],
    ]
    guard tops.allSatisfy(words.joined().contains) else { return nil }
    let parts = words.map { words in tops.indices.filter { words.contains(tops[$0]) } }
    return parts[0].isEmpty || parts[1].isEmpty ? nil : (parts[0], parts[1])
  }

  /// FNV-1a, whose bits are then mixed: names differ in their last letters.
  private static func hash(_ name: String) -> UInt64 {
    var hash = Fingerprint(name).value
    hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
    hash = (hash ^ hash >> 33) &* 0xc4ce_b9fe_1a85_ec53
    return hash ^ hash >> 33
  }
}
