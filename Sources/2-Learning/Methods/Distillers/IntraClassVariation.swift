import Networks
import Torch

/// `ifvd`: how near each pixel's feature is to the centre of its class in its image.
///
/// The centre is the mean feature of the class; the loss is the mean over all positions of the squared
/// difference of the two networks' cosines. Gradients flow through the centres too. An ignored position
/// is its own centre: its cosine is 1 in both networks. Scope `distill`: the mean is weighted by RDD's
/// map.
final class IntraClassVariation: Distiller {
  static let card = MethodCard(
    name: "ifvd", title: "how features vary within a class",
    source: "Wang et al. 2020 (ECCV), IFVD; factor of CIRKD's scripts", weight: 20,
    needs: [.teacher, .features, .labels])

  init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError) {}

  func terms(_ step: MethodStep, _ reduced: Reduced) -> [Term] {
    let (student, teacher) = step.features
    let members = Losses.members(step)
    let difference = similarity(student, members) - similarity(teacher, members)
    let squares = (difference * difference).reshaped(step.lowLabels.shape) * step.valid
    return [Term(reduced.mean(squares, step))]
  }

  /// The cosine between features and their centres, `[n, hw]`.
  private func similarity(_ feature: Tensor, _ members: Tensor) -> Tensor {
    let rows = Losses.flat(feature).permuted([0, 2, 1])
    let counts = members.sum([2], keepingDimensions: true)
    let centres = members.imageProducts(rows) / (counts + 1e-6)
    let own = members.permuted([0, 2, 1]).imageProducts(centres)
    let units = [rows, own].map { Losses.normalised($0, 2, floor: 1e-8) }
    return (units[0] * units[1]).fixedSum(2)
  }
}
