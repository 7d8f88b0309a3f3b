import Networks
import Torch

/// `cwd`: where each channel is active, as a distribution over the positions of an image.
///
///     T^2 / (B c) * sum over channels of KL(softmax of teacher / T || softmax of student / T)
///
/// On logits, and on features after a trained 1x1 convolution to the teacher's width; c is the student's
/// channel count before that convolution, as in the published scripts. Scope `distill`: a position's
/// part of the divergence is multiplied by the difficulty map, divided by the map's mean over the batch.
final class ChannelWise: Distiller {
  static let card = MethodCard(
    name: "cwd", title: "the distribution of each channel over positions",
    source:
      "Shu et al. 2021, arXiv 2011.13256; factor 3 on logits and 50 on features in CIRKD's scripts",
    weight: 3, needs: [.teacher, .features],
    options: [
      .factor("logits", 1, "Factor of the term on logits."),
      .factor("features", 0, "Factor of the term on features."),
      .number("temperature", 4, 0.01...1000, "Divides logits and features."),
    ])

  private let weights: (logits: Double, features: Double)
  private let temperature: Double
  private let projection: Convolution?

  var needs: MethodNeeds { weights.features > 0 ? [.teacher, .features] : [.teacher] }

  init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError) {
    weights = (options["logits"], options["features"])
    temperature = options["temperature"]
    let widths = setting.featureWidths
    projection =
      weights.features > 0
      ? Convolution(scope("conv"), widths.student, widths.teacher, kernel: 1, start: .head) : nil
  }

  func terms(_ step: MethodStep, _ reduced: Reduced) -> [Term] {
    var terms: [Term] = []
    if weights.logits > 0 {
      let value = divergence(
        step.student.logits, step.teacher.logits, channels: step.classCount, step, reduced)
      terms.append(Term("logits", value, weight: weights.logits))
    }
    if let projection {
      let (student, teacher) = step.features
      let value = divergence(
        projection(student), teacher, channels: student.size(1), step, reduced)
      terms.append(Term("features", value, weight: weights.features))
    }
    return terms
  }

  private func divergence(
    _ student: Tensor, _ teacher: Tensor, channels: Int, _ step: MethodStep, _ reduced: Reduced
  ) -> Tensor {
    let s = (Losses.flat(student) / temperature).fixedLogSoftmax(2)
    let t = (Losses.flat(teacher) / temperature).fixedLogSoftmax(2)
    let positions = (t.exp * (t - s)).fixedSum(1).reshaped(step.lowLabels.shape)
    // A mean over positions times their number in an image: the sum, weighted or not.
    let perImage = reduced.mean(positions, step) * Double(step.height * step.width)
    return perImage * (temperature * temperature / Double(channels))
  }
}
