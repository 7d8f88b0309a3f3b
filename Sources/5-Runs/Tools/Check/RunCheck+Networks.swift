import Foundation
import Networks
import Recipes
import Steps
import Torch
import WeightFiles

extension RunCheck {
  /// What student and teacher take, in bytes.
  struct NetworkSizes {
    /// The student's parameters.
    var parameters: Int
    /// All of the student's tensors.
    var student: Int
    /// All of the teacher's tensors.
    var teacher: Int
    /// A checkpoint: the student, what the optimiser keeps of each parameter, and the average.
    var checkpoint: Int
  }

  /// Weights against networks, on the first rank of each host; nil if a network cannot be had.
  mutating func checkNetworks() -> NetworkSizes? {
    let device = report.attempt {
      try recipe.device(localRank: coordinator.world.localRank)
    }
    guard coordinator.world.localRank == 0, device != nil else { return nil }
    report.note(
      "device", recipe.train.device.rawValue + (device == .cpu ? "" : ", one for each local rank"))
    let student = report.attempt { try NetworkFactory.student(recipe) }
    let origin =
      recipe.student.weights ?? recipe.student.backboneWeights.map { "backbone \($0)" }
      ?? (recipe.student.network.graphPath == nil
        ? "seed \(recipe.train.seed)" : Self.ownWeights)
    describe(student, "student", recipe.student.network, origin)
    guard recipe.distill.method != .none else {
      report.note("teacher", "none")
      if let student { checkTraining(student, nil) }
      return student.map { sizes($0, nil) }
    }
    let teacher = report.attempt { try NetworkFactory.teacher(recipe) }
    let isGraph = recipe.teacher.network.graphPath != nil
    describe(
      teacher ?? nil, "teacher", recipe.teacher.network,
      recipe.teacher.weights ?? (isGraph ? Self.ownWeights : "seed"))
    if recipe.teacher.weights == nil, !isGraph {
      report.warn("a teacher drawn from the seed teaches nothing; it is for timing")
    }
    guard let student, let teacher else { return nil }
    checkTraining(student, teacher)
    let listed = recipe.distill.methods.list.map(\.name)
    if !listed.isEmpty { report.note("methods", listed.joined(separator: ", ")) }
    return sizes(student, teacher)
  }

  /// Where the weights of a graph come from that no other file replaces.
  private static let ownWeights = "its own file"

  /// The methods between the networks, and whether each group of parameters has some.
  private mutating func checkTraining(
    _ student: SegmentationNetwork, _ teacher: SegmentationNetwork?
  ) {
    _ = report.attempt {
      let methods = try recipe.methods(student, teacher)
      let trained = (methods?.entries ?? []).filter { $0.role == .parameter }
      try recipe.checkGroups((student.state.parameters + trained).map(\.name))
    }
  }

  private mutating func describe(
    _ network: SegmentationNetwork?, _ name: String, _ wanted: Architecture, _ origin: String
  ) {
    guard let network else {
      report.note(name, "\(wanted.rawValue), no weights")
      return
    }
    let outline = NetworkOutline(
      network, height: recipe.data.cropHeight, width: recipe.data.cropWidth)
    report.note(
      name,
      String(
        format: "%@, %.2f million parameters, %.2f billion multiply-adds for a crop, %@, from %@",
        wanted.rawValue, Double(outline.parameterCount) / 1e6, Double(outline.multiplyAdds) / 1e9,
        network.headWidth.map { "head of \($0) channels" } ?? "no features", origin))
  }

  private func sizes(
    _ student: SegmentationNetwork, _ teacher: SegmentationNetwork?
  ) -> NetworkSizes {
    func bytes(_ entries: [StateDict.Entry]) -> Int {
      entries.reduce(0) { $0 + $1.tensor.count * $1.tensor.type.byteCount }
    }
    let (parameters, all) = (bytes(student.state.parameters), bytes(student.state.entries))
    return NetworkSizes(
      parameters: parameters, student: all, teacher: teacher.map { bytes($0.state.entries) } ?? 0,
      checkpoint: all * (recipe.train.average > 0 ? 2 : 1)
        + recipe.train.optimizer.card.states.count * parameters)
  }
}
