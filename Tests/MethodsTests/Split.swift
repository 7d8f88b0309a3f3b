import DataParallel
import Methods
import Networks
import Randomness
import Reduction
import Torch

/// Five images whose outputs are given, dealt out to ranks: what methods make of them, bit by bit.
struct Split: Sendable {
  static let imageCount = 5
  /// In the second step an adversary has learnt, and a memory holds the first.
  static let steps = 2
  /// The grid of the logits; images are four times as large.
  static let (height, width) = (13, 11)
  /// An image's features have more elements than LibTorch adds up on one thread.
  static let (studentWidth, teacherWidth) = (236, 250)

  let method: ChosenMethod
  let type: Torch.ElementType
  /// Whether a map weighs the pixels.
  let isWeighted: Bool

  /// What must not depend on the split.
  struct Outcome: Sendable, Equatable {
    /// The loss and the terms of each step.
    var reports: [[String: UInt64]] = []
    /// The gradients of the student's outputs, all images', of each step.
    var gradients: [[[UInt64]]] = []
    /// What methods keep beside what is trained with the student.
    var buffers: [[UInt64]] = []
    /// Whether all ranks report and keep the same.
    var isAgreed = true
  }

  private static let memory = Memory()

  /// The outcome on so many ranks, with so many threads each.
  func run(ranks: Int, threads: Int) -> Outcome {
    let inputs = Self.memory.inputs(type)
    let parts = SimulatedRanks.run(ranks) { reducer -> Outcome in
      TorchRuntime.threads = threads
      return part(inputs, reducer)
    }
    var outcome = parts[0]
    for (step, outputs) in outcome.gradients.enumerated() {
      outcome.gradients[step] = outputs.indices.map { output in
        parts.flatMap { $0.gradients[step][output] }
      }
    }
    outcome.isAgreed = parts.allSatisfy {
      $0.reports == outcome.reports && $0.buffers == outcome.buffers
    }
    return outcome
  }

  private func part(_ inputs: Inputs, _ reducer: any Reducer) -> Outcome {
    let range = Shard.range(
      of: Self.imageCount, rank: reducer.rank, worldSize: reducer.worldSize)
    let student = ToyNetwork(width: Self.studentWidth, seed: 1, type)
    let teacher = ToyNetwork(width: Self.teacherWidth, seed: 2, type)
    let suite = suite()
    let evaluation = Pass.evaluation(precision: type)
    func own(_ tensor: Tensor) -> Tensor { tensor.narrowed(0, range).clone() }
    func own(_ output: SegmentationOutput) -> SegmentationOutput {
      SegmentationOutput(
        logits: own(output.logits), auxiliaryLogits: output.auxiliaryLogits.map(own),
        feature: output.feature.map(own), stages: output.stages.map(own))
    }
    var outcome = Outcome()
    for iteration in 1...Self.steps {
      let output = own(inputs.student)
      let leaves =
        [output.logits, output.auxiliaryLogits, output.feature].compactMap { $0 } + output.stages
      for leaf in leaves { leaf.requiresGradient = true }
      let answer = suite.evaluate(
        MethodStep(
          iteration: iteration, positions: range, batchSize: Self.imageCount,
          images: own(inputs.images), labels: own(inputs.labels), student: output,
          teacher: own(inputs.teacher), difficulty: isWeighted ? own(inputs.map) : nil,
          reducer: reducer,
          passes: .init(
            student: { student($0, evaluation) },
            evaluated: { images in Autograd.withoutHistory { student(images, evaluation) } },
            teacher: { images in Autograd.withoutHistory { teacher(images, evaluation) } },
            studentGraph: { images, _ in student(images, evaluation).logits },
            teacherGraph: { teacher($0, evaluation).logits })))
      Autograd.backward([(answer.root, nil)])
      var report = ["": answer.loss.bitPattern]
      for term in answer.terms { report[term.name] = term.value.bitPattern }
      outcome.reports.append(report)
      outcome.gradients.append(
        leaves.map { leaf in
          (leaf.gradient ?? leaf.zerosLike).array(Double.self).map(\.bitPattern)
        })
    }
    outcome.buffers = suite.entries.filter { $0.role == .buffer }.map { entry in
      entry.tensor.array(Double.self).map(\.bitPattern)
    }
    return outcome
  }

  private func suite() -> MethodSuite {
    var setting = MethodSetting(
      classCount: Toy.classes, student: .init(featureWidth: Self.studentWidth, hasAuxiliary: true),
      teacher: .init(featureWidth: Self.teacherWidth, hasAuxiliary: true),
      batchSize: Self.imageCount, iterations: 20, seed: 7, type: type)
    setting.changedTeacher = { [type] change in
      let copy = ToyNetwork(width: Self.teacherWidth, seed: 2, type)
      change(copy.state)
      return { images in
        Autograd.withoutHistory { copy(images, .evaluation(precision: type)) }
      }
    }
    do {
      if let suite = try MethodSuite([method], setting) { return suite }
    } catch { fatalError("\(error)") }
    fatalError("\(method): weight 0")
  }
}

extension Split {
  /// All images, and what the networks say of them.
  struct Inputs: @unchecked Sendable {
    let images: Tensor
    let labels: Tensor
    let map: Tensor
    let student: SegmentationOutput
    let teacher: SegmentationOutput

    init(_ type: Torch.ElementType) {
      var random = CounterRandom(.test, seed: 41)
      func noise(_ shape: [Int]) -> Tensor {
        Tensor((0..<shape.reduce(1, *)).map { _ in random.normal() }, shape).to(type)
      }
      let (count, size) = (Split.imageCount, Split.height * Split.width)
      images = noise([count, 3, 4 * Split.height, 4 * Split.width])
      // Blocks of classes; some are ignored, and an image as a whole.
      let blocks = (0..<count * 16).map { _ in
        random.integer(below: 6) == 0 ? 255 : Int64(random.integer(below: Toy.classes))
      }
      let pixels = (0..<count * size * 16).map { index -> Int64 in
        let (image, pixel) = (index / (size * 16), index % (size * 16))
        let (y, x) = (pixel / (4 * Split.width), pixel % (4 * Split.width))
        return image == 2 ? 255 : blocks[image * 16 + y / Split.height * 4 + x / Split.width]
      }
      labels = Tensor(pixels, [count, 4 * Split.height, 4 * Split.width])
      map = Tensor(
        (0..<count * size).map { _ in random.uniform() }, [count, Split.height, Split.width]
      ).to(type)
      func output(_ width: Int, _ scale: Double) -> SegmentationOutput {
        func map(_ channels: Int, _ scale: Double = 1) -> Tensor {
          // Convolutions leave the channels last.
          (noise([count, channels, Split.height, Split.width]) * scale).contiguous(.channelsLast)
        }
        return SegmentationOutput(
          logits: map(Toy.classes, scale), auxiliaryLogits: map(Toy.classes, scale),
          feature: map(width), stages: [map(8), map(8), map(width)])
      }
      student = output(Split.studentWidth, 2)
      teacher = output(Split.teacherWidth, 4)
    }
  }

  /// Inputs that are made once.
  private final class Memory: Sendable {
    private let single = Inputs(.float32)
    private let double = Inputs(.float64)

    func inputs(_ type: Torch.ElementType) -> Inputs { type == .float32 ? single : double }
  }
}
