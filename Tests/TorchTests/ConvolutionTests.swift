import TestSupport
import Testing
import Torch

/// oneDNN's float32 convolutions against LibTorch's in float64, which is tested against loops.
@Suite struct ConvolutionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var inputs: Int
    var outputs: Int
    var kernel: Int
    var stride = 1
    var padding = 0
    var dilation = 1
    var groups = 1
    var bias = false
    var size = (9, 11)
    /// The largest error of float32, relative to the largest value.
    var tolerance = 2e-6
    var window: Window {
      Window(stride: stride, padding: padding, dilation: dilation, groups: groups)
    }
    var testDescription: String {
      "\(inputs)->\(outputs) k\(kernel) s\(stride) p\(padding) d\(dilation) g\(groups)"
    }
  }

  static let cases = [
    Case(inputs: 3, outputs: 64, kernel: 3, stride: 2, padding: 1),
    Case(inputs: 16, outputs: 32, kernel: 3, padding: 1),
    Case(inputs: 16, outputs: 19, kernel: 1, bias: true),
    Case(inputs: 8, outputs: 24, kernel: 1, stride: 2),
    Case(inputs: 16, outputs: 16, kernel: 3, padding: 12, dilation: 12),
    Case(inputs: 24, outputs: 24, kernel: 3, stride: 2, padding: 1, groups: 24),
    Case(inputs: 24, outputs: 24, kernel: 3, padding: 4, dilation: 4, groups: 24),
    Case(inputs: 12, outputs: 8, kernel: 3, padding: 1, groups: 4, bias: true),
    Case(inputs: 32, outputs: 48, kernel: 3, padding: 4, dilation: 4),
    Case(inputs: 16, outputs: 32, kernel: 3, stride: 2, padding: 1),
    Case(inputs: 7, outputs: 20, kernel: 3, bias: true),
    Case(inputs: 32, outputs: 8, kernel: 1, size: (1, 1)),
    Case(inputs: 5, outputs: 7, kernel: 3, padding: 1, bias: true, size: (1, 13)),
    // Large enough for Winograd's algorithm, with tiles that reach out of the map.
    Case(
      inputs: 128, outputs: 144, kernel: 3, padding: 1, bias: true, size: (31, 45),
      tolerance: 8e-6),
    Case(
      inputs: 144, outputs: 128, kernel: 3, padding: 2, dilation: 2, size: (24, 39),
      tolerance: 8e-6),
    // More weights than pixels: products of each tap, with a rest of rows and taps that are left out.
    Case(inputs: 160, outputs: 210, kernel: 3, padding: 1, size: (8, 12), tolerance: 4e-6),
    Case(
      inputs: 128, outputs: 160, kernel: 3, padding: 12, dilation: 12, size: (7, 20),
      tolerance: 4e-6),
    Case(inputs: 256, outputs: 128, kernel: 1, stride: 2, size: (9, 15), tolerance: 4e-6),
    Case(inputs: 512, outputs: 128, kernel: 1, bias: true, size: (1, 1), tolerance: 4e-6),
    // Large enough to be cut into slabs of rows.
    Case(
      inputs: 32, outputs: 64, kernel: 3, padding: 1, bias: true, size: (67, 80), tolerance: 4e-6),
    Case(
      inputs: 64, outputs: 48, kernel: 3, stride: 2, padding: 1, size: (129, 90), tolerance: 4e-6),
    Case(
      inputs: 64, outputs: 64, kernel: 3, padding: 24, dilation: 24, size: (50, 60), tolerance: 8e-6
    ),
  ]

  private struct Run {
    var y: Tensor
    var gradients: [[Double]]
  }

  private func run(_ item: Case, _ type: ElementType, format: MemoryFormat = .contiguous) -> Run {
    func leaf(_ shape: [Int], _ key: Int) -> Tensor {
      // Both precisions get numbers that float32 holds.
      let tensor = noise(shape, key).to(.float32).to(type)
      let copy = shape.count == 4 ? tensor.contiguous(format).clone() : tensor.clone()
      copy.requiresGradient = true
      return copy
    }
    let x = leaf([2, item.inputs, item.size.0, item.size.1], 1)
    let w = leaf([item.outputs, item.inputs / item.groups, item.kernel, item.kernel], 2)
    let b = item.bias ? leaf([item.outputs], 3) : nil
    let y = Functional.convolution(
      x, weight: w, bias: b, item.window)
    Autograd.backward([(y, noise(y.shape, 4).to(.float32).to(type))])
    return Run(y: y, gradients: [x, w, b].compactMap { $0?.gradient?.doubles })
  }

  @Test(arguments: cases)
  func singleMatchesDouble(_ item: Case) {
    let expected = run(item, .float64)
    for format in [MemoryFormat.contiguous, .channelsLast] {
      let found = run(item, .float32, format: format)
      #expect(found.y.shape == expected.y.shape)
      #expect(difference(found.y.doubles, expected.y.doubles) < item.tolerance)
      #expect(found.gradients.count == (item.bias ? 3 : 2))
      for (a, b) in zip(found.gradients, expected.gradients) {
        #expect(difference(a, b) < item.tolerance)
      }
    }
  }

  /// Results and gradients are the same bits in batches of any size and on any number of threads.
  @Test(arguments: cases, [ElementType.float32, .bfloat16])
  func neitherBatchNorThreadsChangeABit(_ item: Case, _ type: ElementType) throws {
    let images = noise([3, item.inputs, item.size.0, item.size.1], 1).to(type)
    let start = noise([item.outputs, item.inputs / item.groups, item.kernel, item.kernel], 2)
    func run(_ batches: [Range<Int>], threads: Int) throws -> [[Double]] {
      let before = TorchRuntime.threads
      TorchRuntime.threads = threads
      defer { TorchRuntime.threads = before }
      let leaves = [start] + (item.bias ? [noise([item.outputs], 3)] : [])
      let parameters = leaves.map { $0.to(.float32) }
      let sums = parameters.map { parameter in
        parameter.requiresGradient = true
        let sum = GradientSum(parameter, units: Tensor.zeros([parameter.count], .int64))
        sum.begin(top: 16)
        return sum
      }
      var results: [[Double]] = [[], []]
      for batch in batches {
        let x = images.narrowed(0, batch).clone()
        x.requiresGradient = true
        let y = Functional.convolution(
          x, weight: parameters[0], bias: parameters.count > 1 ? parameters[1] : nil, item.window)
        let dy = noise([3] + y.shape.dropFirst(), 4).to(type)
        Autograd.backward([(y, dy.narrowed(0, batch).contiguous())])
        results[0] += y.doubles
        results[1] += try #require(x.gradient).doubles
      }
      return try results
        + zip(parameters, sums).map { parameter, sum in
          #expect(parameter.gradient == nil)
          let used = try #require(parameter.gradientSum).finish()
          #expect(used == 0)
          let gradient = Tensor.zeros([parameter.count], .float32)
          sum.take(into: gradient, levels: 0)
          return gradient.doubles
        }
    }
    let whole = try run([0..<3], threads: 1)
    #expect(whole[2].contains { $0 != 0 })
    for threads in [1, 2, 4] {
      #expect(whole == (try run([0..<1, 1..<3], threads: threads)), "\(threads) threads")
      #expect(whole == (try run([0..<3], threads: threads)), "\(threads) threads")
    }
    guard type == .float32 else { return }
    let wide = start.to(.float32).to(.float64)
    wide.requiresGradient = true
    let y = Functional.convolution(
      images.to(.float64), weight: wide, bias: nil, item.window)
    Autograd.backward([(y, noise(y.shape, 4).to(.float32).to(.float64))])
    #expect(difference(whole[2], try #require(wide.gradient).doubles) < item.tolerance)
  }

  @Test(arguments: cases)
  func doubleMatchesLoops(_ item: Case) {
    let found = run(item, .float64)
    let x = noise([2 * item.inputs * item.size.0 * item.size.1], 1).to(.float32).doubles
    let perGroup = item.inputs / item.groups
    let w = noise([item.outputs * perGroup * item.kernel * item.kernel], 2).to(.float32).doubles
    let b = noise([item.outputs], 3).to(.float32).doubles
    let shape = found.y.shape
    let expected = (0..<shape.reduce(1, *)).map { index -> Double in
      let (n, o) = (
        index / (shape[1] * shape[2] * shape[3]), index / (shape[2] * shape[3]) % shape[1]
      )
      let (row, column) = (index / shape[3] % shape[2], index % shape[3])
      var sum = item.bias ? b[o] : 0
      for i in 0..<perGroup {
        let channel = o / (item.outputs / item.groups) * perGroup + i
        for ky in 0..<item.kernel {
          for kx in 0..<item.kernel {
            let sy = row * item.stride - item.padding + ky * item.dilation
            let sx = column * item.stride - item.padding + kx * item.dilation
            guard (0..<item.size.0).contains(sy), (0..<item.size.1).contains(sx) else { continue }
            sum +=
              x[((n * item.inputs + channel) * item.size.0 + sy) * item.size.1 + sx]
              * w[((o * perGroup + i) * item.kernel + ky) * item.kernel + kx]
          }
        }
      }
      return sum
    }
    #expect(difference(found.y.doubles, expected) < 1e-13)
  }

  @Test(arguments: [ElementType.float32, .float64])
  func noImages(_ type: ElementType) {
    let x = Tensor.zeros([0, 3, 8, 8], type)
    let w = noise([4, 3, 3, 3], 1).to(type)
    w.requiresGradient = true
    let y = Functional.convolution(
      x, weight: w, bias: nil, Window(stride: 2, padding: 1))
    #expect(y.shape == [0, 4, 4, 4])
    Autograd.backward([(y, y.detached.zerosLike)])
    #expect(w.gradient?.doubles.allSatisfy { $0 == 0 } ?? true)
  }
}
