import Networks
import Torch

/// `syncbn`: batch normalisation of a batch that the ranks share, forward and backward.
enum BatchNormFile {
  static func compute(_ file: ParityFile, _ run: ParityRun) throws(ParityError) -> ComputedTensors {
    try file.require("eps", BatchNorm.Settings.usual.epsilon)
    try file.require("momentum", BatchNorm.Settings.usual.momentum)
    var computed: ComputedTensors = [:]
    for output in file.outputs where output.name.hasSuffix(".y") {
      let name = String(output.name.dropFirst("out.".count).dropLast(".y".count))
      let shape = try file.shape("in.\(name).x", [-1, -1, -1, -1])
      let x = try file.floats("in.\(name).x", shape)
      let dy = try file.floats("in.\(name).grad_y", shape)
      let weight = try file.floats("in.\(name).weight", [shape[1]])
      let bias = try file.floats("in.\(name).bias", [shape[1]])
      let range = run.range(of: shape[0])
      func part(_ values: [Float]) -> Tensor {
        run.tensor(values, shape).narrowed(0, range).clone()
      }
      let norm = BatchNorm(
        Scope(
          state: StateDict(), prefix: "",
          start: Initialisation(seed: nil, type: run.precision, device: run.device)), shape[1])
      Autograd.withoutHistory {
        norm.weight.copy(from: Tensor(weight, [shape[1]]))
        norm.bias.copy(from: Tensor(bias, [shape[1]]))
      }
      let input = part(x)
      input.requiresGradient = true
      let pass = Pass.training(
        Pass.Training(
          reducer: run.reducer, seed: 0, iteration: 1, positions: range, dropout: false),
        precision: run.precision)
      let y = norm(input, pass)
      Autograd.backward([(y, part(dy))])
      func summed(_ gradient: Tensor?) -> [Double] {
        var values = gradient?.array(Double.self) ?? [Double](repeating: 0, count: shape[1])
        run.reducer.sum(&values)
        return values
      }
      let tolerance = Tolerance.largest(run.byPrecision(1e-5, 2e-7))
      let statistics = Tolerance.largest(run.byPrecision(1e-6, 1e-9))
      let prefix = "out.\(name)."
      computed[prefix + "y"] = Computed(
        run.gather(y.detached.array(Double.self), of: shape[0]), tolerance)
      computed[prefix + "grad_x"] = Computed(
        run.gather((input.gradient ?? input.zerosLike).array(Double.self), of: shape[0]), tolerance)
      computed[prefix + "grad_weight"] = Computed(summed(norm.weight.gradient), tolerance)
      computed[prefix + "grad_bias"] = Computed(summed(norm.bias.gradient), tolerance)
      computed[prefix + "running_mean"] = Computed(
        norm.runningMean.array(Double.self), statistics)
      computed[prefix + "running_var"] = Computed(
        norm.runningVariance.array(Double.self), statistics)
    }
    return computed
  }
}
