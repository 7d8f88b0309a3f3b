import Networks
import Optimisers
import Recipes

extension Recipe {
  /// How the parameters move by their gradients.
  package var optimiser: any Optimiser {
    switch train.optimizer {
    case .sgd: SGD(momentum: train.momentum)
    case .adamw: AdamW(betas: (train.beta1, train.beta2), epsilon: train.epsilon)
    }
  }

  /// What a step makes of the gradients of these parameters.
  package func update(of parameters: FlatParameters) -> ParameterUpdate {
    ParameterUpdate(
      optimiser, weightDecay: train.weightDecay, clipNorm: train.clipNorm,
      groups: train.groups.list, parameters.places)
  }

  /// The average of the student's weights; nil if the recipe wants none. To be made once the parameters lie
  /// in their buffers.
  package func average(of student: SegmentationNetwork) -> AveragedWeights? {
    guard train.average > 0 else { return nil }
    return AveragedWeights(
      student.state.entries.map { ($0.name, $0.tensor) }, decay: train.average)
  }

  /// Stops at a group of `train.groups` that no parameter belongs to.
  ///
  /// - Parameter names: of all parameters of student and methods.
  /// - Throws: `TrainingError` that names the pattern, and the parameter that is nearest to it.
  package func checkGroups(_ names: [String]) throws(TrainingError) {
    guard let group = train.groups.list.firstWithoutMatch(in: names) else { return }
    let near = nearest(to: group.match, among: names)
    throw TrainingError(
      .badData,
      "train.groups: found the pattern '\(group.match)', which no parameter's name fits; expected one "
        + "that some do, with * for any text; "
        + (near.map { "did you mean \($0)?" } ?? "the names are those of the student's weights"))
  }
}
