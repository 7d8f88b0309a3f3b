extension ClassPalette {
  /// How many labels are classes, and not ignored.
  func validCount(_ labels: [UInt8]) -> Int { labels.count { Int($0) < colours.count } }

  /// A name with the share of right pixels among those that count.
  ///
  /// - Parameters:
  ///   - name: who saw the classes.
  ///   - classes: `[height, width]`.
  ///   - labels: `[height, width]`; nil where nobody drew them, and then the name stands alone.
  func caption(_ name: String, _ classes: [UInt8], labels: [UInt8]?) -> String {
    guard let labels else { return name }
    let valid = validCount(labels)
    let right = zip(labels, classes).count { Int($0) < colours.count && $0 == $1 }
    return valid == 0 ? name : "\(name): \(Self.percent(right, of: valid)) right"
  }

  /// A share in percent with one decimal.
  static func percent(_ part: Int, of whole: Int) -> String {
    let tenths = (part * 2000 + whole) / (2 * whole)
    return "\(tenths / 10).\(tenths % 10)%"
  }
}
