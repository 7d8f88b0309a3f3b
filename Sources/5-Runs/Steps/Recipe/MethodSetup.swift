import Methods
import Networks
import Recipes
import Torch

extension Recipe {
  /// The methods that it lists, for the module that has them.
  var chosenMethods: [ChosenMethod] {
    distill.methods.list.map { choice in
      ChosenMethod(
        choice.name, choice.options.map { ($0.key, $0.text) }, place: choice.place)
    }
  }

  /// Whether the list has the KD term, which then is not computed twice.
  var listsKD: Bool { distill.methods.list.contains { $0.name == "kd" } }

  /// The threads that networks compute with, of the rank's own: one where second derivatives are wanted.
  /// Those are LibTorch's, which divides sums among its threads.
  package func networkThreads(_ methods: MethodSuite?, of threadCount: Int) -> Int {
    methods?.needs.contains(.inputGradients) ?? false ? 1 : threadCount
  }

  /// Stops at a method that does not exist or cannot stand in the list.
  ///
  /// - Throws: `TrainingError` that names the nearest method, or `MethodError`.
  package func checkMethods() throws {
    for choice in distill.methods.list where !MethodTable.names.contains(choice.name) {
      let near = nearest(to: choice.name, among: MethodTable.names)
      throw TrainingError(
        .badData,
        "unknown method: \(choice.place): found '\(choice.name.prefix(40))'; expected a method of the "
          + "table of `rdd recipe-keys methods`; "
          + (near.map { "did you mean \($0)?" } ?? "correct the name"))
    }
    try MethodTable.check(chosenMethods)
  }

  /// The methods of the recipe between these networks; nil if none is active.
  ///
  /// - Parameters:
  ///   - student: what is trained.
  ///   - teacher: what it learns from, if there is one.
  ///   - frozen: notes the networks that methods read from files.
  /// - Throws: `MethodError`.
  package func methods(
    _ student: SegmentationNetwork, _ teacher: SegmentationNetwork?,
    noting frozen: FrozenNetworks? = nil
  ) throws -> MethodSuite? {
    try checkMethods()
    func lacks(_ network: SegmentationNetwork) -> MethodNeeds {
      guard network.graph != nil else { return [] }
      var lacks: MethodNeeds = [.stages, .taughtStages, .inputGradients]
      if network.headWidth == nil { lacks.insert(.features) }
      if !network.state.entries.contains(where: { $0.role == .buffer }) {
        lacks.insert(.adaptation)
      }
      return lacks
    }
    func shape(_ network: SegmentationNetwork) -> MethodSetting.Shape {
      MethodSetting.Shape(
        featureWidth: network.headWidth ?? 1, hasAuxiliary: network.hasAuxiliaryHead,
        lacks: lacks(network))
    }
    var setting = MethodSetting(
      classCount: data.classCount, student: shape(student), teacher: teacher.map(shape),
      batchSize: train.batchSize, iterations: train.iterations, seed: UInt64(train.seed),
      type: student.parameterType, device: student.device)
    setting.frozenNetwork = { [self] name, path in
      let network = try NetworkFactory.auxiliary(name, path, self, device: student.device)
      frozen?.hashes.append(network.state.hash)
      return Steps.Teacher(network, self, [.features, .taughtStages]).callAsFunction
    }
    if let teacher {
      setting.teacherBuffers = teacher.state.entries.filter { $0.role == .buffer }
      setting.changedTeacher = { change in
        let copy = teacher.copy()
        change(copy.state)
        return Steps.Teacher(copy, self, teaching: student).callAsFunction
      }
    }
    return try MethodSuite(chosenMethods, setting)
  }
}

/// What is known of the networks that methods read from files.
package final class FrozenNetworks {
  /// A hash of each one's values, in the order of reading.
  package var hashes: [String] = []

  /// None so far.
  package init() {}
}
