import Foundation
import ONNX
import Torch

extension GraphKernels {
  static func resize(_ node: GraphNode, _ resizing: Plan.Resizing) throws(KernelFault)
    -> GraphKernel
  {
    try node.requireFloats()
    let (shape, result) = (node.operand, node.result)
    if let grid = grid(resizing, shape, result) {
      return { operands in
        let y = Functional.upsample(
          operands[0].maps(), height: result[2], width: result[3], grid: grid)
        return [y.fromMaps(operands.count, result)]
      }
    }
    try node.requireFew(shape + result)
    let maps = shape.indices.compactMap { axis -> (axis: Int, map: LineMap, outside: [Bool])? in
      let lines = ResizedAxis(resizing, axis: axis, from: shape[axis], to: result[axis])
      let map = LineMap(length: shape[axis], rows: (0..<result[axis]).map(lines.terms))
      let outside = (0..<result[axis]).map(lines.isOutside)
      let isSame = map == LineMap(length: shape[axis], places: Array(0..<shape[axis]))
      return isSame && !outside.contains(true) ? nil : (axis, map, outside)
    }
    return { operands in
      let y = maps.reduce(operands[0]) { x, part in
        let y = x.mapped(part.axis + 1, part.map)
        guard part.outside.contains(true) else { return y }
        let shape = (1...result.count).map { $0 == part.axis + 1 ? part.outside.count : 1 }
        let isOutside = Tensor(part.outside.map { $0 ? 1 : 0 } as [UInt8], [1] + shape)
        let number = Tensor.full([1], resizing.outside, y.type, device: y.device)
        return isOutside.to(.bool, device: y.device).choose(number, y)
      }
      return [y]
    }
  }

  /// The grid of LibTorch's own bilinear resizing, where it is the same.
  private static func grid(
    _ resizing: Plan.Resizing, _ shape: [Int], _ result: [Int]
  ) -> ResizeGrid? {
    guard resizing.mode == .linear, !resizing.isAntialiased, !resizing.excludesOutside,
      shape.count == 4, shape[..<2] == result[..<2], result[2] > 1, result[3] > 1,
      (2...3).allSatisfy({ resizing.scales[$0] * Double(shape[$0]) == Double(result[$0]) })
    else { return nil }
    return switch resizing.coordinates {
    case .alignCorners: .alignedCorners
    case .halfPixel, .pytorchHalfPixel: .halfPixels
    default: nil
    }
  }
}

/// An axis that is resized: of which old elements each new one is made. Source: ONNX `Resize`.
private struct ResizedAxis {
  let resizing: Plan.Resizing
  let axis: Int
  let old: Int
  let new: Int

  init(_ resizing: Plan.Resizing, axis: Int, from old: Int, to new: Int) {
    self.resizing = resizing
    self.axis = axis
    self.old = old
    self.new = new
  }

  private var scale: Double { resizing.scales[axis] }

  /// An offset over the scale; exact where the scale is that of the sizes.
  private func divided(_ offset: Double) -> Double {
    scale == Double(new) / Double(old) ? offset * Double(old) / Double(new) : offset / scale
  }

  /// Where a new element lies among the old ones.
  private func coordinate(_ index: Int) -> Double {
    let x = Double(index)
    switch resizing.coordinates {
    case .halfPixel: return divided(x + 0.5) - 0.5
    case .halfPixelSymmetric:
      let adjustment = Double(new) / (scale * Double(old))
      return Double(old) / 2 * (1 - adjustment) + divided(x + 0.5) - 0.5
    case .pytorchHalfPixel: return new > 1 ? divided(x + 0.5) - 0.5 : 0
    case .tensorflowHalfPixel: return divided(x + 0.5)
    case .alignCorners: return new > 1 ? x * Double(old - 1) / Double(new - 1) : 0
    case .asymmetric: return divided(x)
    case .cropAndResize:
      let (start, end) = region
      return new > 1
        ? (start + x * (end - start) / Double(new - 1)) * Double(old - 1)
        : (start + end) / 2 * Double(old - 1)
    }
  }

  /// The axis's part of the region of interest.
  private var region: (start: Double, end: Double) {
    (resizing.region[axis], resizing.region[resizing.region.count / 2 + axis])
  }

  /// Whether a new element lies outside of the old ones and gets the number for that.
  func isOutside(_ index: Int) -> Bool {
    guard resizing.coordinates == .cropAndResize, old != new || region != (0, 1) else {
      return false
    }
    return !(0...Double(old - 1)).contains(coordinate(index))
  }

  /// The old elements of a new one, and their weights.
  func terms(_ index: Int) -> [LineMap.Term] {
    // Far outside all is the same, and a place must be a number that fits.
    let x = min(max(coordinate(index), -4 * Double(old) - 4), 5 * Double(old) + 4)
    guard case .nearest(let rounding) = resizing.mode else { return weighted(x) }
    let place =
      switch rounding {
      case .preferFloor: (x - 0.5).rounded(.up)
      case .preferCeiling: (x + 0.5).rounded(.down)
      case .floor: x.rounded(.down)
      case .ceiling: x.rounded(.up)
      }
    return [LineMap.Term(clamped(Int(place)))]
  }

  private func clamped(_ place: Int) -> Int { min(max(place, 0), old - 1) }

  private func weighted(_ x: Double) -> [LineMap.Term] {
    // Smaller results are filtered by a kernel that is as much wider.
    let shrinking = resizing.isAntialiased ? min(scale, 1) : 1
    let reach = (resizing.mode == .linear ? 1 : 2) / shrinking
    let first = max((x - reach).rounded(.down), -8 * Double(old) - 8)
    let last = min((x + reach).rounded(.up), 9 * Double(old) + 8)
    var taps: [(place: Int, weight: Double)] = []
    for place in Int(first)...Int(last) {
      let weight = kernel((Double(place) - x) * shrinking)
      let isInside = place >= 0 && place < old
      if weight != 0, isInside || !resizing.excludesOutside { taps.append((place, weight)) }
    }
    var sum = taps.reduce(0) { $0 + $1.weight }
    // Weights that are all there are 1 together.
    if !resizing.isAntialiased, !resizing.excludesOutside || sum == 0 { sum = 1 }
    // What lies outside counts as the element at the edge.
    var places: [Int] = []
    var weights: [Int: Double] = [:]
    for tap in taps {
      let place = clamped(tap.place)
      if weights[place] == nil { places.append(place) }
      weights[place, default: 0] += tap.weight / sum
    }
    return places.map { LineMap.Term($0, weights[$0] ?? 0) }
  }

  /// The weight of an element at a distance.
  private func kernel(_ distance: Double) -> Double {
    let x = distance.magnitude
    guard case .cubic(let a) = resizing.mode else { return max(1 - x, 0) }
    switch x {
    case ...1: return ((a + 2) * x - (a + 3)) * x * x + 1
    case ..<2: return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    default: return 0
    }
  }
}
