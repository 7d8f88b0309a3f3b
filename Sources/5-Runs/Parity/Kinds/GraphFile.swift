import Files
import Networks
import ONNX
import Torch

/// `onnx`: the network of the ONNX file that lies beside the numbers under the same name: its outputs in
/// evaluation and in training, gradients of its parameters, and its statistics after that one pass.
enum GraphFile {
  static func compute(_ file: ParityFile, _ run: ParityRun) throws(ParityError) -> ComputedTensors {
    let pass = try GraphPass(file, run)
    var computed = try pass.evaluated()
    guard file.has("out.train.\(pass.names[0])") else { return computed }
    let trained = try pass.trained()
    computed.merge(trained.outputs) { $1 }
    computed.merge(trained.statistics) { $1 }
    let expected = ExpectedGradients(file)
    var gradients = expected.compared(trained.gradients)
    // A value that rounding puts on the other side of a kink changes gradients more than rounding does:
    // those that are near are compared in float64 then.
    let far = gradients.filter { !expected.isGood($0.key, $0.value) }
    if run.precision == .float32, !far.isEmpty,
      far.allSatisfy({ expected.isGood($0.key, $0.value, factor: 100) })
    {
      var wide = run
      (wide.precision, wide.engine) = (.float64, .reference)
      let again = expected.compared(try GraphPass(file, wide).trained().gradients)
      for name in far.keys {
        gradients[name] = again[name]
        gradients[name]?.note = "in float64"
      }
    }
    return computed.merging(gradients) { $1 }
  }
}

/// A parameter's gradient of all ranks.
private struct Gradient {
  let name: String
  let values: [Double]
  let shape: [Int]

  /// The elements as they are, or those of the transposed matrix: exporters fold transpositions.
  func arranged(as other: [Int]) -> [Double]? {
    if shape == other { return values }
    guard shape.count == 2, shape == other.reversed() else { return nil }
    return (0..<shape[1]).flatMap { column in
      (0..<shape[0]).map { values[$0 * shape[1] + column] }
    }
  }
}

/// A file's network and this rank's images.
private struct GraphPass {
  let names: [String]
  private let file: ParityFile
  private let run: ParityRun
  private let network: GraphNetwork
  private let images: Tensor
  private let count: Int

  init(_ file: ParityFile, _ run: ParityRun) throws(ParityError) {
    let names = try file.text("outputs").split(separator: ",").map {
      String($0.trimmingPrefix { $0 == " " })
    }
    guard !names.isEmpty else {
      throw file.refused("outputs", found: "none", expected: "names with commas between them")
    }
    let shape = try file.shape("in.images", [-1, 3, -1, -1])
    do throws(FileError) {
      network = try GraphNetwork(
        ONNXFile.read(file.beside("onnx")), outputs: names, size: Pair(shape[2], shape[3]),
        type: run.precision, device: run.device)
    } catch { throw ParityError(error) }
    (self.file, self.run, self.names, count) = (file, run, names, shape[0])
    images = run.part(try file.floats("in.images", shape), shape)
  }

  /// What evaluation gives for all ranks' images. Collective.
  func evaluated() throws(ParityError) -> ComputedTensors {
    let values = Autograd.withoutHistory {
      network.values(images, .evaluation(precision: run.precision))
    }
    return outputs(values, "out.eval.")
  }

  /// What training gives for all ranks' images. Collective.
  func trained() throws(ParityError) -> (
    outputs: ComputedTensors, gradients: [Gradient], statistics: ComputedTensors
  ) {
    let pass = Pass.Training(
      reducer: run.reducer, seed: 0, iteration: 1, positions: run.range(of: count),
      dropout: false)
    let values = network.values(images, .training(pass, precision: run.precision))
    var roots: [(output: Tensor, gradient: Tensor?)] = []
    for (name, value) in zip(names, values) where file.has("in.cotangent.\(name)") {
      let shape = [count] + value.shape[1...]
      roots.append((value, run.part(try file.floats("in.cotangent.\(name)", shape), shape)))
    }
    Autograd.backward(roots)
    let gradients = network.state.parameters.map { entry in
      var values =
        entry.tensor.gradient?.array(Double.self)
        ?? [Double](repeating: 0, count: entry.tensor.count)
      run.reducer.sum(&values)
      return Gradient(name: entry.name, values: values, shape: entry.tensor.shape)
    }
    var statistics: ComputedTensors = [:]
    for entry in network.state.entries where entry.role == .buffer {
      statistics["out.running.\(entry.name)"] = Computed(
        entry.tensor.array(Double.self), .largest(1e-5))
    }
    return (outputs(values, "out.train."), gradients, statistics)
  }

  private func outputs(_ values: [Tensor], _ prefix: String) -> ComputedTensors {
    var computed: ComputedTensors = [:]
    for (name, value) in zip(names, values) {
      computed[prefix + name] = Computed(
        run.gather(value.detached.array(Double.self), of: count), .largest(1e-4))
    }
    return computed
  }
}

/// The gradients that a file expects.
private struct ExpectedGradients {
  private let tensors: [(name: String, shape: [Int], values: [Double])]
  private let tolerance: Tolerance

  init(_ file: ParityFile) {
    tensors = file.outputs.filter { $0.name.hasPrefix("out.grad.") }
      .map { ($0.name, $0.shape, $0.doubles ?? []) }
    var tolerance = Tolerance.largest(1e-4)
    // A gradient that is 0, as that of a bias in front of BatchNorm, is what rounding leaves of others.
    tolerance.absolute =
      1e-6 * tensors.flatMap(\.values).reduce(0) { max($0, $1.magnitude) }
    self.tolerance = tolerance
  }

  /// The gradients under the file's names; those whose names the exporter lost are found by shape and
  /// values, or told as unnamed.
  func compared(_ gradients: [Gradient]) -> ComputedTensors {
    let byName = Dictionary(gradients.map { ("out.grad." + $0.name, $0) }) { first, _ in first }
    var computed: ComputedTensors = [:]
    for tensor in tensors {
      computed[tensor.name] = byName[tensor.name].map { Computed($0.values, tolerance) }
    }
    let known = Set(tensors.map(\.name))
    var nameless = gradients.filter { !known.contains("out.grad." + $0.name) }
    let lost = tensors.filter { computed[$0.name] == nil }
    for tensor in lost {
      let candidates = nameless.map {
        $0.arranged(as: tensor.shape).map { Computed($0, tolerance) }
      }
      if let index = candidates.firstIndex(where: { $0.map { isGood(tensor.name, $0) } ?? false }) {
        computed[tensor.name] = candidates[index]
        nameless.remove(at: index)
      } else if lost.count * 2 <= tensors.count {
        computed[tensor.name] = .unnamed
      }
    }
    return computed
  }

  /// Whether a gradient is within so many times its tolerance.
  func isGood(_ name: String, _ found: Computed, factor: Double = 1) -> Bool {
    guard let expected = tensors.first(where: { $0.name == name }) else { return false }
    let line = ParityLine(file: "", name: name, found: found, expected: expected.values)
    return line.margin <= factor
  }
}

extension ParityRun {
  /// This rank's part of images, in the run's precision.
  fileprivate func part(_ values: [Float], _ shape: [Int]) -> Tensor {
    tensor(values, shape).narrowed(0, range(of: shape[0])).clone()
  }
}
