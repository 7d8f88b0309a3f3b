import Difficulty
import Foundation

/// `TFE`: weights from the teacher's two heads, the loss with and without the student's auxiliary
/// head, and the scalar form that the scripts of other methods compute.
enum TeacherFullFile {
  static func compute(_ file: ParityFile, _ run: ParityRun) throws(ParityError) -> ComputedTensors {
    let input = try LossCase(file)
    _ = try file.whole("ignore_index", -1...(-1))
    var options = DifficultyOptions()
    options.task = .teacherFull
    options.distillationWeight = 0
    options.auxiliaryWeight = try file.number("aux_weight")
    let both = input.evaluate(options, run)
    let alone = input.evaluate(options, run, auxiliary: false)
    var plain = options
    plain.task = .crossEntropy
    let unweighted = input.evaluate(plain, run)
    var scalar = options
    scalar.weighting = .mean
    let other = input.evaluate(scalar, run)

    let maps = input.maps(options, run)
    let low = run.gather(maps?.lowWeight ?? [], of: input.imageCount)
    let (loss, gradient) = (run.lossTolerance, run.gradientTolerance)
    return [
      "out.loss": Computed([both.result.loss], loss),
      "out.grad_s_main": Computed(both.main, gradient),
      "out.grad_s_aux": Computed(both.auxiliary, gradient),
      "out.loss_noaux": Computed([alone.result.loss], loss),
      "out.grad_s_main_noaux": Computed(alone.main, gradient),
      "out.weight_mean": Computed([both.result.statistics.meanWeight], loss),
      "out.weight_low": Computed(low, gradient),
      "out.kl_low": Computed(low.map { -log($0) }, gradient),
      "out.weight_up": Computed(run.gather(maps?.weight ?? [], of: input.imageCount), gradient),
      "out.otherkd_scalar_ce": Computed([unweighted.result.loss], loss),
      "out.otherkd_loss": Computed([other.result.loss], loss),
      "out.otherkd_grad_s_main": Computed(other.main, gradient),
      "out.otherkd_grad_s_aux": Computed(other.auxiliary, gradient),
    ]
  }
}
