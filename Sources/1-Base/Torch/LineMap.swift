/// What becomes of a line of elements: each new element is a sum of old ones times weights.
///
/// Resizing, and taking elements at places. A row is a new element; its terms are added in their order, so
/// that a result is a function of its line alone.
package struct LineMap: Sendable, Equatable {
  /// An old element's place and its weight.
  package struct Term: Sendable, Equatable {
    /// From 0.
    package let place: Int
    /// What it is multiplied by.
    package let weight: Double

    /// A place and a weight.
    package init(_ place: Int, _ weight: Double = 1) {
      self.place = place
      self.weight = weight
    }
  }

  /// Old elements.
  package let length: Int
  /// New elements.
  package var count: Int { starts.count - 1 }
  /// The terms of all rows, one after the other.
  fileprivate let terms: [Term]
  /// Where each row's terms begin, and the end.
  fileprivate let starts: [Int]

  /// A map from its rows; a row without terms is 0.
  package init(length: Int, rows: [[Term]]) {
    precondition(
      rows.joined().allSatisfy { (0..<length).contains($0.place) },
      "LineMap: a place beyond \(length) elements")
    self.length = length
    terms = Array(rows.joined())
    starts = rows.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.count) }
  }

  /// The elements at these places.
  package init(length: Int, places: [Int]) {
    self.init(length: length, rows: places.map { [Term($0)] })
  }

  /// The map of gradients: what a new element adds to an old one.
  fileprivate var transposed: LineMap {
    var rows = [[Term]](repeating: [], count: length)
    for row in 0..<count {
      for term in terms[starts[row]..<starts[row + 1]] {
        rows[term.place].append(Term(row, term.weight))
      }
    }
    return LineMap(length: count, rows: rows)
  }

  /// Row-major `[outer, length, inner]` to `[outer, count, inner]`, which is 0 beforehand.
  fileprivate func apply<Value: BinaryFloatingPoint>(
    _ source: UnsafeBufferPointer<Value>, _ target: UnsafeMutableBufferPointer<Value>, inner: Int
  ) {
    guard let source = source.baseAddress, let base = target.baseAddress, inner > 0 else { return }
    let outer = target.count / max(count * inner, 1)
    terms.withUnsafeBufferPointer { terms in
      for index in 0..<outer {
        let lines = source + index * length * inner
        for row in 0..<count {
          let result = base + (index * count + row) * inner
          for term in terms[starts[row]..<starts[row + 1]] {
            let (line, weight) = (lines + term.place * inner, Value(term.weight))
            for place in 0..<inner { result[place] += line[place] * weight }
          }
        }
      }
    }
  }
}

extension Tensor {
  /// Each line along a dimension by a map, in fixed order; gradients too. No second derivatives.
  package func mapped(_ dimension: Int, _ map: LineMap) -> Tensor {
    precondition(
      size(dimension) == map.length, "mapped: \(shape); expected \(map.length) at \(dimension)")
    let value = Autograd.withoutHistory { detached.lines(dimension, map) }
    guard requiresGradient else { return value }
    let transposed = map.transposed
    return Autograd.custom(value, of: self) { $0.lines(dimension, transposed) }
  }

  private func lines(_ dimension: Int, _ map: LineMap) -> Tensor {
    var shape = shape
    shape[dimension] = map.count
    let inner = shape[(dimension + 1)...].reduce(1, *)
    let x = to(device: .cpu).contiguous()
    let result = Tensor.zeros(shape, type)
    if type == .float64 {
      x.withElements(of: Double.self) { source in
        result.withMutableElements(of: Double.self) { map.apply(source, $0, inner: inner) }
      }
    } else {
      x.to(.float32).withElements(of: Float.self) { source in
        guard type != .float32 else {
          return result.withMutableElements(of: Float.self) { map.apply(source, $0, inner: inner) }
        }
        let single = Tensor.zeros(shape)
        single.withMutableElements(of: Float.self) { map.apply(source, $0, inner: inner) }
        result.copy(from: single)
      }
    }
    return result.to(device: device)
  }
}
