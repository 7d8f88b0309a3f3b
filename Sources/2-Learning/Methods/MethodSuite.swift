import Networks
import Randomness
import Reduction
import Torch

/// The methods of a run, asked together.
package final class MethodSuite {
  /// What the methods add to the loss of a step.
  package struct Outcome {
    /// A scalar to start backward from, if it has a history: of this rank's part of the sum.
    package let root: Tensor
    /// The global value of the weighted sum: the same bits however ranks share the images.
    package let loss: Double
    /// The global values of the terms without the methods' weights, `cwd` or `dsd.psd`.
    package let terms: [(name: String, value: Double)]
  }

  private let teacherBuffers: [StateDict.Entry]
  /// What adds the answers of requests, and the terms.
  private let sums = (requests: StepSums(), terms: StepSums())
  private let active: [(method: any Distiller, weight: Double, state: StateDict)]
  /// The needs of all active methods together: what each step must bring.
  package let needs: MethodNeeds

  /// The methods that a recipe lists; nil if none has a weight.
  ///
  /// - Throws: `MethodError` for the first that cannot be.
  package init?(_ chosen: [ChosenMethod], _ setting: MethodSetting) throws(MethodError) {
    try MethodTable.check(chosen)
    var active: [(any Distiller, Double, StateDict)] = []
    for choice in chosen {
      let type = try MethodTable.type(of: choice)
      let options = try MethodOptions(choice, type.card)
      guard options.weight > 0 else { continue }
      let state = StateDict()
      let start = Initialisation(
        seed: setting.seed &+ Fingerprint(type.card.name).value, type: setting.type,
        device: setting.device)
      let scope = Scope(state: state, prefix: "method.\(type.card.name).", start: start)
      try Self.requireGiven(type.card.needs, setting, type.card, options)
      let method = try type.init(options, setting, scope)
      try Self.requireGiven(method.needs, setting, type.card, options)
      try Self.require(method.needs, setting, type.card, options)
      active.append((method, options.weight, state))
    }
    guard !active.isEmpty else { return nil }
    self.active = active
    let needs = active.reduce(into: MethodNeeds()) { $0.formUnion($1.0.needs) }
    self.needs = needs
    teacherBuffers =
      needs.contains(.adaptation)
      ? setting.teacherBuffers.map {
        StateDict.Entry(name: "teacher." + $0.name, tensor: $0.tensor, role: .buffer)
      } : []
  }

  /// Stops at a network that cannot give what a method needs of it.
  private static func requireGiven(
    _ needs: MethodNeeds, _ setting: MethodSetting, _ card: MethodCard, _ options: MethodOptions
  ) throws(MethodError) {
    let ofStudent: MethodNeeds = [.features, .stages, .inputGradients]
    let ofTeacher: MethodNeeds = [.features, .taughtStages, .adaptation, .inputGradients]
    let missing = [
      ("student", setting.student.lacks.intersection(needs).intersection(ofStudent)),
      ("teacher", (setting.teacher?.lacks ?? []).intersection(needs).intersection(ofTeacher)),
    ]
    guard let (name, lack) = missing.first(where: { !$0.1.isEmpty }) else { return }
    throw options.refused(
      found: "\(card.name), and an ONNX file as \(name).network, which cannot give: \(lack.words)",
      expected: "a network of the zoo, or another method",
      remedy: "Documentation/your-own-network.md tells what graphs give")
  }

  private static func require(
    _ needs: MethodNeeds, _ setting: MethodSetting, _ card: MethodCard, _ options: MethodOptions
  ) throws(MethodError) {
    if setting.teacher == nil,
      !needs.isDisjoint(with: [
        .teacher, .features, .auxiliary, .views, .adaptation, .inputGradients, .taughtStages,
      ])
    {
      throw options.refused(
        found: "\(card.name) without a teacher", expected: "a teacher",
        remedy: "use distill.method rdd or kd")
    }
    if needs.contains(.views), setting.batchSize < 2 {
      throw options.refused(
        found: "\(card.name) with a batch of one image", expected: "two images to mix, or more",
        remedy: "raise train.batch_size or leave the method out")
    }
    let heads = setting.student.hasAuxiliary && setting.teacher?.hasAuxiliary ?? false
    if needs.contains(.auxiliary), !heads {
      throw options.refused(
        found: "\(card.name) with a network without auxiliary head",
        expected: "two ResNets: it compares their auxiliary logits",
        remedy: "take other networks or leave the method out")
    }
  }

  /// The tensors of all methods: trained ones and other state, the teacher's BatchNorm statistics if
  /// they move.
  package var entries: [StateDict.Entry] { active.flatMap(\.state.entries) + teacherBuffers }

  /// Whether the teacher's BatchNorm statistics follow the batch of an iteration.
  package func adaptsTeacher(_ iteration: Int) -> Bool {
    active.contains { $0.method.adaptsTeacher(iteration) }
  }

  /// Whether some method takes the place of the task loss (`Distiller.replacesTask`).
  package var replacesTask: Bool { active.contains { $0.method.replacesTask } }

  /// The methods themselves, for comparisons with reference numbers.
  package var distillers: [any Distiller] { active.map(\.method) }

  /// The methods' terms of a step, and the scalar that backward starts from. Collective.
  package func evaluate(_ step: MethodStep) -> Outcome {
    let requests = MethodRequests(imageCount: step.positions.count)
    askForPixels(requests, step)
    for (method, _, _) in active {
      requests.prefix = type(of: method).card.name + "."
      method.request(requests, step)
    }
    let reduced = requests.answer(step.reducer, sums.requests)
    // Every trained tensor is part of the loss, so that each has a gradient in every step.
    let trained = entries.filter { $0.role == .parameter }
    var root = trained.reduce(Tensor.zeros([], .float64, device: step.images.device)) {
      $0 + ($1.tensor * 0).sum()
    }
    var names: [String] = []
    var rows: [Tensor] = []
    var factors: [Double] = []
    for (method, weight, _) in active {
      let card = type(of: method).card
      reduced.prefix = card.name + "."
      for term in method.terms(step, reduced) {
        // Backward starts here: of the root the gradient counts, not the value.
        if term.weight != 0 { root = root + term.value.sum() * (weight * term.weight) }
        names.append(term.name.isEmpty ? card.name : "\(card.name).\(term.name)")
        rows.append(Self.row(term, step))
        factors.append(weight * term.weight)
      }
    }
    let values = rows.isEmpty ? [] : sums.terms(rows, step.reducer).flatMap { $0 }
    return Outcome(
      root: root, loss: zip(values, factors).reduce(0) { $0 + $1.0 * $1.1 },
      terms: Array(zip(names, values)))
  }

  /// What a term adds to the report, one number an image, `[n]`; what all ranks hold counts as the
  /// first image's.
  private static func row(_ term: Term, _ step: MethodStep) -> Tensor {
    let count = step.positions.count
    let value = term.value.detached.to(.float64, device: .cpu)
    switch term.kind {
    case .share:
      precondition(
        value.shape == [count], "Term \(term.name): \(value.shape); expected one value an image")
      return value
    case .replicated:
      return Tensor(step.positions.map { $0 == 0 ? value.item : 0 }, [count])
    }
  }

  /// The denominators of means over pixels.
  private func askForPixels(_ requests: MethodRequests, _ step: MethodStep) {
    let weights = step.difficulty?.detached
    if let weights { requests.sum("pixels.\(Pixels.all.rawValue)", weights.imageSums) }
    if needs.contains(.labels) {
      let valid = step.valid
      requests.sum(
        "pixels.\(Pixels.valid.rawValue)", (weights.map { $0 * valid } ?? valid).imageSums)
    }
  }
}
