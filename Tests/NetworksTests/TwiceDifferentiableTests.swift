import Networks
import Reduction
import Testing
import Torch

/// Every family has second derivatives where methods ask for them: by running statistics, and in training
/// passes that say so.
@Suite struct TwiceDifferentiableTests {
  @Test(
    arguments: [Architecture("deeplab_mobile"), "psp_mobile", "lraspp_mobilenetv3"],
    [false, true])
  func theGradientOfAGradient(_ architecture: Architecture, isTraining: Bool) {
    let network = network(architecture, classes: 3, .float32)
    let pass =
      isTraining
      ? training(0..<2, SingleProcess(), isTwiceDifferentiable: true, .float32) : .evaluation()
    let images = photos(0..<2, .float32)
    let slopes = Autograd.twiceDifferentiable {
      images.requiresGradient = true
      let logits = network(images, pass).logits
      return Autograd.gradient(
        of: (logits * logits).sum(), withRespectTo: images, keepingGraph: true)
    }
    Autograd.backward([((slopes * slopes).sum(), nil)])
    let first = network.state.parameters[0]
    let gradient = first.tensor.gradient?.array(Float.self) ?? []
    #expect(gradient.contains { $0 != 0 } && gradient.allSatisfy(\.isFinite), "\(first.name)")
  }
}
