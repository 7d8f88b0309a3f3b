import Networks
import Randomness
import Torch

/// `lwkd`: soft targets of a small teacher that never sees an image.
///
/// A light teacher is trained on made-up data with as many classes; a pixel of class y learns from the
/// logits of a random sample of y, so that pixels of one class get different targets. An adversary that
/// tells the light teacher's probabilities from the student's adds a term. Only the paper's abstract
/// was read: the losses are reconstructed from it, the factors and the made-up data are our own. RDD's
/// maps still need the real teacher. The adversary moves first, on outputs without history; then the
/// student is trained against it, and it gets no gradient. Scope `distill`: the mean of the divergence over
/// pixels with a label is weighted by the difficulty map, the adversarial term is not.
package final class LightweightTeacher: Distiller {
  /// Its row in the table of methods.
  package static let card = MethodCard(
    name: "lwkd", title: "soft targets of a small teacher of made-up data",
    source: "Liu et al. 2020, arXiv 2005.09163, reconstructed from its abstract", weight: 1,
    needs: [.labels],
    options: [
      .factor("kd", 0.3, "Factor of the divergence from the light teacher."),
      .factor("adversarial", 0.1, "Factor of the adversarial term."),
      .number("temperature", 4, 0.01...1000, "Divides logits in the divergence."),
      .integer("samples", 64, 1...10_000, "Logits of each class."),
      .word("gan", ["bce", "hinge"], "The adversary's loss."),
    ])

  private static let width = 32
  private let weights: (kd: Double, adversarial: Double)
  private let temperature: Double
  private let isHinge: Bool
  private let seed: UInt64
  /// `[C, S, C]`.
  private let bank: Tensor
  private let player: Adam
  /// The adversary's score of rows of probabilities, `[r, C]` to `[r]`; replaced by tests.
  package var score: (_ rows: Tensor, _ parameters: [Tensor]) -> Tensor = { rows, parameters in
    let hidden = Losses.linear(rows, parameters[0], parameters[1])
    // LeakyReLU of slope 0.1.
    let active = hidden.maximum(hidden * 0.1)
    return Losses.linear(active, parameters[2], parameters[3]).reshaped([rows.size(0)])
  }

  /// The method with these options, between these networks.
  package init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError) {
    weights = (options["kd"], options["adversarial"])
    temperature = options["temperature"]
    isHinge = options.word("gan") == "hinge"
    seed = setting.seed
    let (classes, count) = (setting.classCount, options.integer("samples"))
    bank = scope.buffer("bank", [classes, count, classes], 0)
    bank.copy(from: LightTeacher(classCount: classes, seed: setting.seed).bank(count))
    func part(_ name: String, _ shape: [Int], _ inputs: Int, _ stream: MethodStream) -> Tensor {
      scope.adversary(
        "adversary.\(name)", shape, bound: 1 / Double(inputs).squareRoot(), seed: setting.seed,
        stream)
    }
    let parameters = [
      part("0.weight", [classes, Self.width], classes, .adversaryHiddenWeight),
      part("0.bias", [Self.width], classes, .adversaryHiddenBias),
      part("1.weight", [Self.width, 1], Self.width, .adversaryScoreWeight),
      part("1.bias", [1], Self.width, .adversaryScoreBias),
    ]
    player = Adam(parameters, rate: 4e-4, decay: (0.9, 0.99), scope("adam"))
  }

  /// What it asks of all ranks.
  package func request(_ requests: MethodRequests, _ step: MethodStep) {
    if weights.adversarial > 0 { requests.sum("valid", step.valid.imageSums) }
  }

  /// Its terms of a step.
  package func terms(_ step: MethodStep, _ reduced: Reduced) -> [Term] {
    let targets = targets(step)
    let divergence = Losses.divergence(targets, step.student.logits, temperature: temperature)
    var terms = [
      Term(
        "kd", reduced.mean(divergence, over: .valid, step) * (temperature * temperature),
        weight: weights.kd)
    ]
    guard weights.adversarial > 0 else { return terms }
    let met = meet(targets, step, count: max(reduced.total("valid"), 1))
    terms.append(Term("adversary_loss", met.loss, weight: 0))
    terms.append(Term("adversary_right", met.right, weight: 0))
    terms.append(Term("adversarial", met.student, weight: weights.adversarial))
    return terms
  }

  /// The student meets the adversary as it is, then the adversary learns: the images' shares of the
  /// adversary's loss, of how often it is right, and of the student's loss, `[n]` each. Collective.
  ///
  /// Image by image, in double.
  private func meet(
    _ targets: Tensor, _ step: MethodStep, count: Double
  ) -> (loss: Tensor, right: Tensor, student: Tensor) {
    let (size, classes) = (step.height * step.width, step.classCount)
    func rows(_ logits: Tensor) -> [Tensor] {
      Losses.flat(logits.to(.float64).fixedSoftmax(1)).permuted([0, 2, 1]).images
        .map { $0.reshaped([size, classes]) }
    }
    let valid = step.valid.to(.float64).images.map { $0.reshaped([size]) }
    let frozen = player.parameters.map { $0.detached.clone() }
    var (losses, rights, students, gradients) = ([Tensor](), [Tensor](), [Tensor](), [Double]())
    for ((real, made), valid) in zip(zip(rows(targets), rows(step.student.logits)), valid) {
      func mean(_ x: Tensor) -> Tensor { (x * valid).reshaped([1, size]).imageSums / count }
      let high = score(real, player.parameters)
      let low = score(made.detached, player.parameters)
      let loss =
        isHinge
        ? Losses.hinge(high: high, low: low, mean)
        : mean(softplus(high * -1)) + mean(softplus(low))
      let right = mean(high.greater(than: 0).to(.float64)) + mean(low.atMost(0).to(.float64))
      // The adversary is a constant here.
      let fooled = score(made, frozen)
      gradients += player.row(loss)
      losses.append(loss.detached)
      rights.append(right / 2)
      students.append(isHinge ? mean(fooled) * -1 : mean(softplus(fooled * -1)))
    }
    player.update(gradients, step.reducer)
    func column(_ values: [Tensor]) -> Tensor { Losses.column(values, like: targets) }
    return (column(losses), column(rights), column(students))
  }

  /// Logits of the bank for each pixel's class, `[n, C, h, w]`; of class 0 where ignored.
  private func targets(_ step: MethodStep) -> Tensor {
    let size = step.height * step.width
    let labels = step.indices.array(Int64.self)
    let samples = UInt64(bank.size(1))
    var index: [Int64] = []
    index.reserveCapacity(labels.count)
    for (image, position) in step.positions.enumerated() {
      let random = CounterRandom(
        method: .lightTargets, seed: seed, step.iteration, position)
      for pixel in 0..<size {
        index.append(
          labels[image * size + pixel] * Int64(samples) + Int64(random.bits(at: pixel) % samples))
      }
    }
    let rows = bank.reshaped([-1, step.classCount])
      .selected(0, Tensor(index, [index.count]).to(device: bank.device))
    return rows.reshaped([step.positions.count, step.height, step.width, step.classCount])
      .permuted([0, 3, 1, 2]).to(step.type)
  }

  /// log(1 + e^x).
  private func softplus(_ x: Tensor) -> Tensor {
    x.relu + ((x.magnitude * -1).exp + 1).log
  }
}
