import TestSupport
import Testing
import Torch

/// Windows, bins and resizing against their definitions.
@Suite struct PoolingTests {
  private let x = noise([2, 3, 7, 10])

  /// The mean or maximum over windows of `[2, 3, 7, 10]`.
  private func windows(
    rows: [Range<Int>], columns: [Range<Int>], _ reduce: ([Double]) -> Double
  ) -> [Double] {
    let values = x.doubles
    return (0..<6).flatMap { plane in
      rows.flatMap { r in
        columns.map { c in
          reduce(r.flatMap { y in c.map { values[plane * 70 + y * 10 + $0] } })
        }
      }
    }
  }

  private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  @Test func maximum() {
    let found = Functional.maxPool(x, kernel: 3, stride: 2, padding: 1)
    #expect(found.shape == [2, 3, 4, 5])
    let rows = (0..<4).map { max(2 * $0 - 1, 0)..<min(2 * $0 + 2, 7) }
    let columns = (0..<5).map { max(2 * $0 - 1, 0)..<min(2 * $0 + 2, 10) }
    #expect(found.doubles == windows(rows: rows, columns: columns) { $0.max() ?? 0 })
    let half = Functional.maxPool(x, kernel: 2, stride: 2, padding: 0, ceilMode: true)
    #expect(half.shape == [2, 3, 4, 5])
  }

  @Test func averageOfWhatExists() {
    let found = Functional.averagePool(x, kernel: 2, stride: 2, ceilMode: true)
    let rows = (0..<4).map { 2 * $0..<min(2 * $0 + 2, 7) }
    let columns = (0..<5).map { 2 * $0..<2 * $0 + 2 }
    #expect(difference(found.doubles, windows(rows: rows, columns: columns, mean)) < 1e-15)
  }

  @Test(arguments: [1, 2, 3, 6])
  func adaptiveBins(_ bins: Int) {
    func ranges(_ length: Int) -> [Range<Int>] {
      (0..<bins).map { $0 * length / bins..<(($0 + 1) * length + bins - 1) / bins }
    }
    let found = Functional.adaptiveAveragePool(x, height: bins, width: bins)
    let expected = windows(rows: ranges(7), columns: ranges(10), mean)
    #expect(difference(found.doubles, expected) < 1e-14)
  }

  @Test(arguments: [(7, 10), (1, 1), (20, 31), (3, 4), (64, 5)])
  func alignedUpsampling(_ height: Int, _ width: Int) {
    func taps(_ output: Int, _ outputs: Int, _ inputs: Int) -> (Int, Int, Double) {
      let source = outputs == 1 ? 0 : Double(output * (inputs - 1)) / Double(outputs - 1)
      let low = min(Int(source), inputs - 1)
      return (low, min(low + 1, inputs - 1), source - Double(low))
    }
    let values = x.doubles
    let expected = (0..<6 * height * width).map { index -> Double in
      let (plane, y, x) = (index / (height * width), index / width % height, index % width)
      let (y0, y1, fy) = taps(y, height, 7)
      let (x0, x1, fx) = taps(x, width, 10)
      func at(_ y: Int, _ x: Int) -> Double { values[plane * 70 + y * 10 + x] }
      let top = at(y0, x0) * (1 - fx) + at(y0, x1) * fx
      return top * (1 - fy) + (at(y1, x0) * (1 - fx) + at(y1, x1) * fx) * fy
    }
    let found = Functional.upsample(x, height: height, width: width)
    #expect(difference(found.doubles, expected) < 1e-13)
  }
}
