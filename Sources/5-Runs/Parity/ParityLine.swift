/// The comparison of one expected tensor with what this build computes.
package struct ParityLine: Sendable, Codable, Equatable {
  /// The file's name without extension.
  package let file: String
  /// The tensor.
  package let name: String
  /// The largest absolute error; nil where nothing was computed or shapes differ.
  package let absolute: Double?
  /// The largest error relative to what the tolerance is relative to.
  package let relative: Double?
  /// The relative tolerance of the element that is nearest to its limit.
  package let tolerance: Double
  /// The largest share of the allowed error that is used up: at most 1 if all is well.
  package let margin: Double
  /// Whether every element is within its tolerance.
  package let ok: Bool
  /// What is to be said of the comparison: with what it was computed, or why nothing was compared.
  package let note: String?

  /// Compares a tensor with its expected values; nil for a tensor that was not computed.
  init(file: String, name: String, found: Computed?, expected: [Double]) {
    self.file = file
    self.name = name
    note = found?.note
    if let found, !found.isCompared {
      (absolute, relative, tolerance, margin, ok) = (0, 0, 0, 0, true)
      return
    }
    guard let found, found.values.count == expected.count else {
      (absolute, relative, tolerance, margin, ok) = (nil, nil, 0, .infinity, false)
      return
    }
    let scales = found.tolerance.scales(expected)
    let allowed = found.tolerance.allowed(expected, scales)
    var worst = (absolute: 0.0, relative: 0.0, margin: 0.0, index: 0)
    for index in expected.indices {
      let isSame =
        found.values[index] == expected[index]
        || (found.values[index].isNaN && expected[index].isNaN)
      var error = isSame ? 0 : (found.values[index] - expected[index]).magnitude
      if error.isNaN { error = .infinity }
      let margin = error == 0 ? 0 : error / allowed[index]
      worst.absolute = max(worst.absolute, error)
      worst.relative = max(worst.relative, error / scales[index])
      if margin > worst.margin { (worst.margin, worst.index) = (margin, index) }
    }
    absolute = worst.absolute
    relative = worst.relative
    tolerance = expected.isEmpty ? 0 : allowed[worst.index] / scales[worst.index]
    margin = worst.margin
    ok = worst.margin <= 1
  }
}

/// A tensor that this build computed, row-major, and how exact it must be.
struct Computed: Sendable {
  var values: [Double]
  var tolerance: Tolerance
  /// What is to be said of the comparison.
  var note: String?
  /// Whether it is compared; what is not is only told.
  private(set) var isCompared = true

  /// A tensor of which nothing is known to compare with: an exporter has lost the name.
  static var unnamed: Computed {
    var computed = Computed([], .exact)
    computed.note = "unnamed"
    computed.isCompared = false
    return computed
  }

  init(_ values: [Double], _ tolerance: Tolerance) {
    self.values = values
    self.tolerance = tolerance
  }

  /// Whole numbers, which must be equal.
  init<Value: BinaryInteger>(exactly values: some Sequence<Value>) {
    self.init(values.map { Double($0) }, .exact)
  }
}

/// What a file's inputs give, by the names of the expected tensors.
typealias ComputedTensors = [String: Computed]
