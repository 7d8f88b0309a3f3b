import Difficulty

/// `KD`: the distillation term; temperature and factor stand in the tensors' names.
enum DistillationFile {
  static func compute(_ file: ParityFile, _ run: ParityRun) throws(ParityError) -> ComputedTensors {
    let input = try LossCase(student: "in.s", teacher: "in.t", file)
    var computed: ComputedTensors = [:]
    for output in file.outputs where output.name.hasSuffix(".loss") {
      // out.T4_lambda1.loss: temperature 4, factor 1.
      let name = output.name.dropFirst("out.".count).dropLast(".loss".count)
      let parts = name.split(separator: "_")
      guard parts.count == 2, parts[0].hasPrefix("T"), parts[1].hasPrefix("lambda"),
        let temperature = Double(parts[0].dropFirst()), temperature > 0,
        let weight = Double(parts[1].dropFirst("lambda".count)), weight.isFinite
      else {
        throw file.refused(output.name, found: "'\(name)'", expected: "T<number>_lambda<number>")
      }
      var options = DifficultyOptions()
      // Without a valid pixel the labels' loss is 0.
      options.task = .crossEntropy
      options.distillationTemperature = temperature
      options.distillationWeight = weight
      let outcome = input.evaluate(options, run)
      computed[output.name] = Computed([outcome.result.loss], run.lossTolerance)
      computed["out.\(name).grad_s"] = Computed(outcome.main, run.gradientTolerance)
    }
    return computed
  }
}
