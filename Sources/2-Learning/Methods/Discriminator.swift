import Networks
import Randomness
import Reduction
import Torch

/// The discriminator of adversarial distillation: a small network that scores how much logits look like
/// the teacher's. It has an optimiser of its own.
///
/// BatchNorm of the logits; four 4x4 convolutions of stride 2 with spectrally normalised weights and
/// LeakyReLU of slope 0.1; self-attention after the third and the fourth; a 4x4 convolution to one
/// score. Source: Zhang et al. 2018 (SAGAN), as CIRKD's scripts build it. Everything is a buffer of the
/// scope: checkpointed, but not trained with the student.
final class Discriminator {
  private static let slope = 0.1
  /// The side of the smallest map from which a score is left.
  private static let side = 64
  private let norm: BatchNorm
  private let layers: [Spectral]
  private let attention: [Attention]
  private let last: Convolution
  private let player: Adam
  /// The norm's parameters, then all others.
  private let normParameters: [Tensor]
  private let parameters: [Tensor]
  /// Adds the images' gradients of those, a grid for each tensor.
  private let sum: ExactSum

  /// A discriminator of logits of `classes` classes; the first convolution has `width` channels.
  init(classes: Int, width: Int, _ scope: Scope) {
    let own = StateDict()
    let names = Scope(state: own, prefix: "", start: scope.start)
    norm = BatchNorm(names("norm"), classes)
    var inputs = classes
    layers = (0..<4).map { index in
      defer { inputs = width << index }
      return Spectral(names("layer\(index + 1)"), inputs, width << index)
    }
    attention = [2, 3].map { Attention(names("attention\($0 + 1)"), width << $0) }
    last = Convolution(names("last"), inputs, 1, kernel: 4, bias: true, start: .head)
    scope.keep(own)
    let all = own.parameters.map(\.tensor)
    (normParameters, parameters) = (Array(all.prefix(2)), Array(all.dropFirst(2)))
    sum = ExactSum(groups: parameters.map(\.count))
    player = Adam(all, rate: 4e-4, decay: (0.9, 0.99), scope("adam"))
  }

  /// The two losses of a step, as each image's contribution to the global mean, `[n]`.
  struct Outcome {
    /// The student's loss, whose gradient goes to its logits alone.
    let student: Tensor
    /// The discriminator's own, before its update.
    let own: Tensor
  }

  /// Scores the student's logits by the discriminator as it is, then trains the discriminator.
  /// Collective.
  ///
  /// The norm sees all images at once. What follows is calculated image by image, on copies of the
  /// norm's output and of the divided weights.
  ///
  /// - Parameters:
  ///   - real: the teacher's logits `[n, C, h, w]`.
  ///   - made: the student's, with history.
  func meet(real: Tensor, made: Tensor, _ step: MethodStep) -> Outcome {
    // Its weights' gradients are not exact sums inside a convolution.
    TorchRuntime.withOneThread { met(real: real, made: made, step) }
  }

  private func met(real: Tensor, made: Tensor, _ step: MethodStep) -> Outcome {
    Autograd.withoutHistory { for layer in layers { layer.iterate() } }
    let pass = Pass.training(
      .init(
        reducer: step.reducer, seed: 0, iteration: step.iteration, positions: step.positions,
        dropout: false), precision: step.type)
    let divided = layers.map(\.divided)
    let weights = divided.map(Self.leaf)
    func mean(_ x: Tensor) -> Tensor {
      x.imageSums / Double(step.batchSize * x.size(2) * x.size(3))
    }
    // The discriminator's weights change before the student's backward: its gradient is taken now.
    let student = fooled(made, weights, pass, mean)
    let (own, rows) = compared(real, made.detached, weights, pass, mean)
    learn(divided, sum(rows, step.reducer), step.reducer)
    return Outcome(student: student, own: own)
  }

  /// The student's loss. Collective.
  private func fooled(
    _ made: Tensor, _ weights: [Tensor], _ pass: Pass, _ mean: (Tensor) -> Tensor
  ) -> Tensor {
    let leaf = Self.leaf(made)
    let seen = normed(leaf, pass)
    var (values, slopes) = ([Tensor](), [Tensor]())
    for image in Self.leaves(seen) {
      let value = mean(scores(image, weights)) * -1
      slopes.append(
        Autograd.gradient(of: value.reshaped([]), withRespectTo: image, keepingGraph: false))
      values.append(value.detached)
    }
    // Of this sum the gradient counts, not the value.
    let root = (seen * Self.joined(slopes, like: seen)).sum()
    let slope = Autograd.gradient(of: root, withRespectTo: leaf, keepingGraph: false)
    return ((made - leaf.detached) * slope).imageSums + Losses.column(values, like: made)
  }

  /// The discriminator's loss, and the images' gradients of the leaves behind the norm, row by row;
  /// the norm's own are left in its parameters. Collective.
  private func compared(
    _ real: Tensor, _ made: Tensor, _ weights: [Tensor], _ pass: Pass,
    _ mean: (Tensor) -> Tensor
  ) -> (own: Tensor, rows: [Double]) {
    let (high, low) = (normed(real, pass), normed(made, pass))
    let images = (high: Self.leaves(high), low: Self.leaves(low))
    let leaves = behind(weights)
    var (own, rows) = ([Tensor](), [Double]())
    for (high, low) in zip(images.high, images.low) {
      let loss = Losses.hinge(high: scores(high, weights), low: scores(low, weights), mean)
      rows += Adam.row(loss, of: leaves)
      own.append(loss.detached)
    }
    func gradient(_ images: [Tensor], _ x: Tensor) -> Tensor {
      Self.joined(images.map { $0.gradient ?? $0.zerosLike }, like: x)
    }
    Autograd.backward([(high, gradient(images.high, high)), (low, gradient(images.low, low))])
    return (Losses.column(own, like: made), rows)
  }

  /// Moves the parameters. Collective.
  private func learn(_ divided: [Tensor], _ sums: [Double], _ reducer: any Reducer) {
    // BatchNorm has the exact sums already, on one rank: the others add zeros.
    var gradients = normParameters.flatMap { Adam.taken($0) }
    reducer.sum(&gradients)
    var start = 0
    for parameter in parameters {
      let values = sums[start..<start + parameter.count]
      start += parameter.count
      guard let index = layers.firstIndex(where: { $0.weight === parameter }) else {
        gradients += values
        continue
      }
      // From the divided weights to the weights: the same on all ranks.
      let slope = Tensor(Array(values), parameter.shape)
        .to(parameter.type, device: parameter.device)
      Autograd.backward([(divided[index], slope)])
      gradients += Adam.taken(parameter)
    }
    player.apply(gradients)
  }

  /// The leaves behind the norm, in the order of the parameters: of divided weights their copies.
  private func behind(_ weights: [Tensor]) -> [Tensor] {
    parameters.map { parameter in
      layers.firstIndex { $0.weight === parameter }.map { weights[$0] } ?? parameter
    }
  }

  private static func leaf(_ x: Tensor) -> Tensor {
    let leaf = x.detached.clone()
    leaf.requiresGradient = true
    return leaf
  }

  private static func leaves(_ x: Tensor) -> [Tensor] { x.detached.images.map(leaf) }

  /// Images `[1, ...]` as the tensor that they are of.
  private static func joined(_ images: [Tensor], like x: Tensor) -> Tensor {
    images.isEmpty ? x.detached.zerosLike : Tensor.concatenated(images, 0)
  }

  /// The norm of logits; smaller maps than the layers read are enlarged first. Collective.
  private func normed(_ logits: Tensor, _ pass: Pass) -> Tensor {
    let (height, width) = (max(logits.size(2), Self.side), max(logits.size(3), Self.side))
    let isLarge = height == logits.size(2) && width == logits.size(3)
    return norm(
      isLarge ? logits : Functional.upsample(logits, height: height, width: width), pass)
  }

  /// What follows the norm, of one image: `[1, C, H, W]` to `[1, 1, a, b]`.
  private func scores(_ image: Tensor, _ weights: [Tensor]) -> Tensor {
    var x = image
    for (index, layer) in layers.enumerated() {
      let y = layer(x, weights[index])
      x = y.maximum(y * Self.slope)
      if index >= 2 { x = attention[index - 2](x) }
    }
    return last(x)
  }
}
