import Networks
import Torch

/// `fitnet`: the teacher's features, after a trained 1x1 convolution of the student's.
///
/// The mean squared error over positions and the teacher's channels. Scope `distill`: the mean over
/// positions is weighted by the difficulty map. The published scripts train a convolution on each GPU
/// that is never averaged; here all ranks hold the same one.
final class FitNet: Distiller {
  static let card = MethodCard(
    name: "fitnet", title: "features, through a trained projection",
    source: "Romero et al. 2015, arXiv 1412.6550; factor of CIRKD's scripts", weight: 10,
    needs: [.teacher, .features])

  private let projection: Convolution

  init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError) {
    let widths = setting.featureWidths
    projection = Convolution(
      scope("conv"), widths.student, widths.teacher, kernel: 1, start: .head)
  }

  func terms(_ step: MethodStep, _ reduced: Reduced) -> [Term] {
    let (student, teacher) = step.features
    let difference = projection(student) - teacher
    return [Term(reduced.mean((difference * difference).fixedMean(1), step))]
  }
}
