import TestSupport
import Testing
import Torch

/// Second derivatives of convolutions, as `kdiga` and `train.fgsm` take them, against those of LibTorch's
/// operator in float64.
@Suite struct SecondDerivativeTests {
  typealias Case = ConvolutionTests.Case

  /// With y the convolution and g the gradient of sum(c y y) by x: g, and the gradients of sum(g g) by x,
  /// the weights and the bias.
  private func run(
    _ item: Case, _ type: ElementType, images: Range<Int> = 0..<2, byImage: Bool = true
  ) -> [[Double]] {
    func values(_ shape: [Int], _ key: Int) -> Tensor {
      noise(shape, key).to(.float32).to(type)
    }
    func leaf(_ tensor: Tensor) -> Tensor {
      tensor.requiresGradient = true
      return tensor
    }
    let size = [2, item.inputs, item.size.0, item.size.1]
    let x = leaf(values(size, 1).narrowed(0, images).clone())
    let w = leaf(values([item.outputs, item.inputs / item.groups, item.kernel, item.kernel], 2))
    let b = item.bias ? leaf(values([item.outputs], 3)) : nil
    func gradient() -> Tensor {
      let y = Functional.convolution(
        x, weight: w, bias: b, item.window)
      let c = values([2] + y.shape.dropFirst(), 4).narrowed(0, images)
      return Autograd.gradient(of: (y * y * c).sum(), withRespectTo: x, keepingGraph: true)
    }
    let g = byImage ? Autograd.twiceDifferentiable(gradient) : gradient()
    Autograd.backward([((g * g).sum(), nil)])
    return [g.doubles] + [x, w, b].compactMap { $0?.gradient?.doubles }
  }

  @Test(arguments: ConvolutionTests.cases, [ElementType.float32, .float64])
  func secondDerivativesAreLibTorchs(_ item: Case, _ type: ElementType) {
    let expected = run(item, .float64, byImage: false)
    let found = run(item, type)
    #expect(found.count == (item.bias ? 4 : 3))
    #expect(found.count == expected.count)
    // Four convolutions in a row in place of one.
    let tolerance = type == .float64 ? 1e-13 : 4 * item.tolerance
    for (a, b) in zip(found, expected) { #expect(difference(a, b) < tolerance) }
  }

  @Test(arguments: ConvolutionTests.cases)
  func noOtherImageChangesABit(_ item: Case) {
    let whole = run(item, .float32)
    let parts = [run(item, .float32, images: 0..<1), run(item, .float32, images: 1..<2)]
    for index in 0..<2 { #expect(parts[0][index] + parts[1][index] == whole[index]) }
  }
}
