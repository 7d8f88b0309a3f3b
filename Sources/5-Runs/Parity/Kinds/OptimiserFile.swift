import Optimisers
import Torch

/// `optim`: the learning rate of iterations, and some steps of the optimiser.
enum OptimiserFile {
  static func compute(_ file: ParityFile, _ run: ParityRun) throws(ParityError) -> ComputedTensors {
    func schedule(_ iterations: String) throws(ParityError) -> PolynomialSchedule {
      PolynomialSchedule(
        base: try file.number("base_lr"), iterations: try file.whole(iterations, 1...(1 << 40)),
        power: try file.number("power"))
    }
    let table = try schedule("max_iterations_lr_table")
    let iterations = try file.integers("in.iterations", [-1])
    guard iterations.allSatisfy({ (1...table.iterations).contains(Int($0)) }) else {
      throw file.refused(
        "in.iterations", found: "\(iterations)", expected: "1 to \(table.iterations)")
    }
    let short = try schedule("max_iterations_sgd")
    let shape = try file.shape("in.grads", [-1, -1])
    let gradients = try file.floats("in.grads", shape)
    let start = try file.floats("in.param", [shape[1]])
    guard shape[0] <= short.iterations else {
      throw file.refused(
        "in.grads", found: "\(shape)", expected: "\(short.iterations) rows or fewer")
    }
    let optimiser = SGD(momentum: try file.number("momentum"))
    let update = ParameterUpdate(optimiser, weightDecay: try file.number("weight_decay"))
    let parameters = FlatBuffers(
      [("param", run.tensor(start, [shape[1]]))], for: optimiser, isExact: false)
    var (values, momenta): ([Double], [Double]) = ([], [])
    for step in 0..<shape[0] {
      let row = Array(gradients[step * shape[1]..<(step + 1) * shape[1]])
      parameters.gradients.copy(from: Tensor(row, [shape[1]]))
      update(parameters, rate: short.rate(step + 1))
      values += parameters.values.array(Double.self)
      momenta += parameters.states[0].array(Double.self)
    }
    let tolerance = Tolerance.largest(run.byPrecision(1e-6, 2e-7))
    return [
      "out.lr": Computed(iterations.map { table.rate(Int($0)) }, .each(1e-12)),
      "out.param_after": Computed(values, tolerance),
      "out.momentum_after": Computed(momenta, tolerance),
    ]
  }
}
