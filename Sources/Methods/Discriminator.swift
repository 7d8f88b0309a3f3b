import Networks
import Randomness
import Reduction
import Torch

/// What tells the teacher's logits from the student's: a small network with an optimiser of its own.
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
    player = Adam(
      own.parameters.map(\.tensor), rate: 4e-4, decay: (0.9, 0.99), scope("adam"))
  }

  /// What a meeting comes to, as shares of the global means.
  struct Outcome {
    /// The student's loss, whose gradient goes to its logits alone.
    let student: Tensor
    /// The discriminator's own, before its update.
    let own: Tensor
  }

  /// The student meets the discriminator as it is, then the discriminator learns. Collective.
  ///
  /// - Parameters:
  ///   - real: the teacher's logits `[n, C, h, w]`.
  ///   - made: the student's, with history.
  func meet(real: Tensor, made: Tensor, _ step: MethodStep) -> Outcome {
    Autograd.withoutHistory { for layer in layers { layer.iterate() } }
    let pass = Pass.training(
      .init(
        reducer: step.reducer, seed: 0, iteration: step.iteration, positions: step.positions,
        dropout: false), precision: step.type)
    func mean(_ x: Tensor) -> Tensor { x.sum() / Double(step.batchSize * x.size(2) * x.size(3)) }
    // The discriminator's weights change before the student's backward: its gradient is taken now.
    let leaf = made.detached.clone()
    leaf.requiresGradient = true
    let fooled = mean(scores(leaf, pass)) * -1
    let gradient = Autograd.gradient(of: fooled, withRespectTo: leaf, keepingGraph: false)
    let student = ((made - leaf.detached) * gradient).sum() + fooled.detached
    let (high, low) = (scores(real, pass), scores(leaf.detached, pass))
    let own = Losses.hinge(high: high, low: low, mean)
    player.update(own, step.reducer)
    return Outcome(student: student, own: own.detached)
  }

  /// `[n, 1, a, b]`; smaller maps than it reads are enlarged first. Collective.
  private func scores(_ logits: Tensor, _ pass: Pass) -> Tensor {
    let (height, width) = (max(logits.size(2), Self.side), max(logits.size(3), Self.side))
    let isLarge = height == logits.size(2) && width == logits.size(3)
    var x = norm(
      isLarge ? logits : Functional.upsample(logits, height: height, width: width), pass)
    for (index, layer) in layers.enumerated() {
      let y = layer(x)
      x = y.maximum(y * Self.slope)
      if index >= 2 { x = attention[index - 2](x) }
    }
    return last(x)
  }
}

/// A 4x4 convolution of stride 2 whose weights are divided by their largest singular value.
///
/// Source: Miyato et al. 2018; one power iteration a step, whose vector is part of the state.
private final class Spectral {
  private let weight: Tensor
  private let bias: Tensor
  /// The left vector, `[O]`.
  private let left: Tensor
  private var right: Tensor

  init(_ scope: Scope, _ inputs: Int, _ outputs: Int) {
    let bound = 1 / Double(inputs * 16).squareRoot()
    weight = scope.parameter("weight", [outputs, inputs, 4, 4], .uniform(bound: bound))
    bias = scope.parameter("bias", [outputs], .uniform(bound: bound))
    left = scope.buffer("left", [outputs], 1 / Double(outputs).squareRoot())
    right = Tensor.zeros([inputs * 16, 1], weight.type, device: weight.device)
  }

  private var matrix: Tensor { weight.reshaped([weight.size(0), -1]) }

  /// Moves the vectors towards the largest singular value's.
  func iterate() {
    let matrix = matrix.detached
    right = Losses.normalised(matrix.permuted([1, 0]).matmul(left.reshaped([-1, 1])), 0)
    left.copy(from: Losses.normalised(matrix.matmul(right), 0).reshaped([-1]))
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let largest = (left.clone().reshaped([-1, 1]) * matrix.matmul(right)).sum()
    return Functional.convolution(
      x, weight: weight / largest, bias: bias, stride: 2, padding: 1, dilation: 1, groups: 1)
  }
}

/// Each position adds what the positions of the image hold that it attends to; nothing at first.
private final class Attention {
  private let query: Convolution
  private let key: Convolution
  private let value: Convolution
  private let scale: Tensor

  init(_ scope: Scope, _ channels: Int) {
    func point(_ name: String, _ outputs: Int) -> Convolution {
      Convolution(scope(name), channels, outputs, kernel: 1, bias: true, start: .head)
    }
    query = point("query", channels / 8)
    key = point("key", channels / 8)
    value = point("value", channels)
    scale = scope.parameter("scale", [1], .constant(0))
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let energy = Losses.flat(query(x)).permuted([0, 2, 1]).matmul(Losses.flat(key(x)))
    let share = energy.softmax(2).permuted([0, 2, 1])
    return Losses.flat(value(x)).matmul(share).reshaped(x.shape) * scale + x
  }
}
