import Files
import ONNX
import Torch
import WeightFiles

/// A plan of one image that is ready to run on any number of them.
final class GraphProgram {
  private struct Step {
    let kernel: GraphKernel
    let inputs: [String]
    let outputs: [String]
    /// Values that no later step reads.
    let released: [String]
  }

  private let plan: Plan
  private let shared: [String: Tensor]
  private let steps: [Step]

  /// Prepares a plan of one image.
  ///
  /// - Parameters:
  ///   - plan: of images `[1, C, H, W]`.
  ///   - graph: whose plan it is, for messages.
  ///   - shared: tensors that are the same for all images, by name; constants of the plan are added.
  ///   - type: of floats.
  /// - Throws: `FileError` that names the first node that cannot be run, and how many can.
  init(
    _ plan: Plan, of graph: Graph, shared: [String: Tensor], type: Torch.ElementType,
    device: Device
  ) throws(FileError) {
    var shared = shared
    for constant in plan.constants + plan.initialisers where shared[constant.name] == nil {
      shared[constant.name] = constant.tensor(type, device: device)
    }
    var steps: [Step] = []
    var faults: [(node: Plan.Node, fault: KernelFault)] = []
    var dropouts = 0
    var needed = Set(plan.outputs.map(\.value))
    let last = Self.released(plan, &needed)
    for (node, released) in zip(plan.nodes, last) {
      let described = GraphNode(
        operation: node.operation, inputs: node.inputs.compactMap { plan.values[$0] },
        outputs: node.outputs.compactMap { plan.values[$0] },
        shared: node.inputs.map { shared[$0] }, dropoutIndex: dropouts)
      if case .dropout = node.operation { dropouts += 1 }
      do throws(KernelFault) {
        steps.append(
          Step(
            kernel: try GraphKernels.kernel(described), inputs: node.inputs, outputs: node.outputs,
            released: released))
      } catch {
        faults.append((node, error))
      }
    }
    if let first = faults.first {
      throw graph.refused(first.node, first.fault, sound: steps.count, of: plan.nodes.count)
    }
    (self.plan, self.shared, self.steps) = (plan, shared, steps)
  }

  /// For each node the values that no later one reads.
  private static func released(_ plan: Plan, _ needed: inout Set<String>) -> [[String]] {
    plan.nodes.reversed().map { node in
      Set(node.inputs + node.outputs).filter { needed.insert($0).inserted }
    }.reversed()
  }

  /// The outputs for images `[N, C, H, W]`, `[N] + S` each, where S is the output's shape in the plan.
  /// Collective in training.
  func callAsFunction(_ images: Tensor, _ pass: Pass) -> [Tensor] {
    let count = images.size(0)
    var values = [plan.input: images.reshaped([count, 1] + images.shape[1...])]
    func operand(_ name: String) -> Operands.Value {
      if let tensor = values[name] { return .images(tensor) }
      guard let tensor = shared[name] else {
        preconditionFailure("GraphProgram: no value \(name); expected one from before")
      }
      return .shared(tensor)
    }
    for step in steps {
      let operands = Operands(
        values: step.inputs.map(operand), pass: pass, count: count, type: images.type)
      for (name, tensor) in zip(step.outputs, step.kernel(operands)) { values[name] = tensor }
      for name in step.released { values[name] = nil }
    }
    return plan.outputs.map {
      Operands(values: [operand($0.value)], pass: pass, count: count, type: images.type)[0]
    }
  }
}

extension Graph {
  /// An error that names file, operator, node and opset, and how many nodes can be run.
  fileprivate func refused(
    _ node: Plan.Node, _ fault: KernelFault, sound: Int, of count: Int
  ) -> FileError {
    let source = nodes.first { !Set($0.outputs).isDisjoint(with: node.outputs) }
    let name = source.map { oneLine($0.operatorName) } ?? "node"
    return .refused(
      path,
      "\(name) \(quoted(node.name.isEmpty ? node.outputs[0] : node.name)) "
        + "(opset \(source?.version ?? version))",
      found: fault.found,
      expected: "\(fault.expected) (\(sound) of \(count) nodes can be run)",
      advice: "export the network in another way")
  }
}

extension StoredTensor {
  /// The elements for a graph: floats of a type, whole numbers as int64, truth values.
  func tensor(_ type: Torch.ElementType, device: Device) -> Tensor {
    if elementType.torch != nil {
      let wanted = elementType.isFloat ? type : elementType == .bool ? .bool : .int64
      return Tensor(self).to(wanted, device: device)
    }
    func load<Value: BinaryInteger & BitwiseCopyable>(_: Value.Type) -> [Int64] {
      bytes.withUnsafeBytes { bytes in
        (0..<elementCount).map {
          let place = $0 * MemoryLayout<Value>.size
          return Int64(
            truncatingIfNeeded: bytes.loadUnaligned(fromByteOffset: place, as: Value.self))
        }
      }
    }
    let values =
      switch elementType {
      case .i16: load(Int16.self)
      case .u32: load(UInt32.self)
      default: load(UInt64.self)
      }
    return Tensor(values, shape).to(device: device)
  }
}
