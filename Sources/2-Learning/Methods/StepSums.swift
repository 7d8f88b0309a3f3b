import Reduction
import Torch

/// Exact sums over images that are taken in every step; the grids of the last step are tried first.
final class StepSums {
  private var known: (width: Int, sum: ExactSum)?

  /// The sums over all images of all ranks. Collective.
  ///
  /// - Parameter rows: tensors of one row an image, `[n, ...]`, of this rank's n images; the shapes
  ///   of the rows are equal on all ranks.
  /// - Returns: for each tensor the sum of its rows, row-major; each number has a grid of its own.
  func callAsFunction(_ rows: [Tensor], _ reducer: any Reducer) -> [[Double]] {
    let widths = rows.map { $0.shape.dropFirst().reduce(1, *) }
    let width = widths.reduce(0, +)
    guard width > 0 else { return widths.map { _ in [] } }
    let sum: ExactSum
    if let known, known.width == width {
      sum = known.sum
    } else {
      sum = ExactSum(groups: [Int](repeating: 1, count: width))
      known = (width, sum)
    }
    let sums = sum(Self.interleaved(rows, widths), reducer)
    var start = 0
    return widths.map { width in
      defer { start += width }
      return Array(sums[start..<start + width])
    }
  }

  /// An image's rows side by side, then the next image's.
  private static func interleaved(_ rows: [Tensor], _ widths: [Int]) -> [Double] {
    let parts = rows.map { $0.detached.array(Double.self) }
    var values: [Double] = []
    values.reserveCapacity(parts.reduce(0) { $0 + $1.count })
    for image in 0..<(rows.first?.size(0) ?? 0) {
      for (part, width) in zip(parts, widths) {
        values += part[image * width..<(image + 1) * width]
      }
    }
    return values
  }
}

extension Tensor {
  /// The sum over images whose value was added elsewhere, over all ranks: a row's shape, with the
  /// gradient of these rows `[n, ...]`.
  func sum(overImages total: [Double]) -> Tensor {
    let shape = shape
    let row = Array(shape.dropFirst())
    let value = Tensor(total, row).to(type, device: device)
    return Autograd.custom(value, of: self) { $0.reshaped([1] + row).expanded(shape) }
  }
}
