import TestSupport
import Testing
import Torch

/// The parts of batch normalisation against closed forms in double precision.
@Suite struct NormalizationTests {
  private static let shape = [2, 5, 3, 4]
  private static let types: [(ElementType, Double)] = [(.float64, 1e-12), (.float32, 3e-6)]

  /// The values of each channel.
  private func channels(_ values: [Double]) -> [[Double]] {
    (0..<5).map { c in values.indices.filter { $0 / 12 % 5 == c }.map { values[$0] } }
  }

  private let mean = noise(5, 10)
  private let deviation = noise(5, 11).map { 1 / (0.5 + $0.magnitude) }
  private let weight = noise(5, 12)
  private let bias = noise(5, 13)

  private func activated(_ value: Double, _ activation: Activation) -> Double {
    switch activation {
    case .none: value
    case .relu: max(value, 0)
    case .relu6: min(max(value, 0), 6)
    case .hardSwish, .hardSigmoid, .sigmoid: .nan
    }
  }

  /// The sums over images of `[N, 2C]`.
  private func overImages(_ sums: [Double]) -> [Double] {
    (0..<10).map { column in
      stride(from: column, to: sums.count, by: 10).reduce(0) { $0 + sums[$1] }
    }
  }

  @Test func sums() {
    for (type, tolerance) in Self.types {
      let x = noise(Self.shape, 1).to(type)
      let parts = channels(x.doubles)
      let expected =
        parts.map { $0.reduce(0, +) } + parts.map { $0.reduce(0) { $0 + $1 * $1 } }
      #expect(difference(overImages(BatchNormalization.sums(x)), expected) < min(tolerance, 1e-12))
    }
  }

  @Test(arguments: [Activation.none, .relu, .relu6], [false, true])
  func forwardAndBackward(_ activation: Activation, _ hasResidual: Bool) {
    let statistics = BatchNormalization.Statistics(mean: mean, inverseDeviation: deviation)
    for (type, tolerance) in Self.types {
      let x = (noise(Self.shape, 1) * 3).to(type)
      let residual = hasResidual ? noise(Self.shape, 2).to(type) : nil
      let dy = noise(Self.shape, 3).to(type)
      let y = BatchNormalization.apply(
        x, statistics, weight: Tensor(weight, [5]).to(type), bias: Tensor(bias, [5]).to(type),
        residual: residual, activation: activation)
      let (xs, rs, gs) = (x.doubles, residual?.doubles, dy.doubles)
      let xhat = xs.indices.map { (xs[$0] - mean[$0 / 12 % 5]) * deviation[$0 / 12 % 5] }
      let z = xs.indices.map {
        xhat[$0] * weight[$0 / 12 % 5] + bias[$0 / 12 % 5] + (rs?[$0] ?? 0)
      }
      #expect(difference(y.doubles, z.map { activated($0, activation) }) < tolerance)
      let dz = xs.indices.map { index -> Double in
        switch activation {
        case .none: gs[index]
        case .relu: z[index] > 0 ? gs[index] : 0
        case .relu6: z[index] > 0 && z[index] < 6 ? gs[index] : 0
        case .hardSwish, .hardSigmoid, .sigmoid: .nan
        }
      }
      let sums = BatchNormalization.backwardSums(
        dy: dy, x: x, y: y, statistics, activation: activation)
      let expected =
        channels(dz).map { $0.reduce(0, +) }
        + channels(zip(dz, xhat).map { $0 * $1 }).map { $0.reduce(0, +) }
      #expect(difference(overImages(sums), expected) < tolerance)
      let (first, second) = (noise(5, 14), noise(5, 15))
      let (dx, dresidual) = BatchNormalization.backwardInput(
        dy: dy, x: x, y: y, statistics, .init(gradient: first, gradientTimesX: second),
        weight: Tensor(weight, [5]).to(type), activation: activation, residual: hasResidual)
      let gradient = xs.indices.map { index -> Double in
        let c = index / 12 % 5
        return weight[c] * deviation[c] * (dz[index] - first[c] - xhat[index] * second[c])
      }
      #expect(difference(dx.doubles, gradient) < tolerance)
      #expect((dresidual != nil) == hasResidual)
      if let dresidual { #expect(difference(dresidual.doubles, dz) < tolerance) }
    }
  }

  @Test func runningStatistics() {
    let x = noise(Self.shape, 1)
    let variance = noise(5, 16).map { 0.1 + $0.magnitude }
    func vector(_ values: [Double]) -> Tensor { Tensor(values, [5]) }
    let y = BatchNormalization.frozen(
      x, weight: vector(weight), bias: vector(bias), mean: vector(mean),
      variance: vector(variance), epsilon: 1e-5)
    let expected = x.doubles.enumerated().map { index, value in
      let c = index / 12 % 5
      return (value - mean[c]) / (variance[c] + 1e-5).squareRoot() * weight[c] + bias[c]
    }
    #expect(difference(y.doubles, expected) < 1e-13)
  }
}
