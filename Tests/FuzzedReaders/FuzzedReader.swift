import Datasets
import ImageIO
import ONNX
import Recipes
import WeightFiles

/// What reads files that others wrote. `launch/fuzz` feeds each with broken ones, under
/// AddressSanitizer; a test feeds them with the corpus.
public enum FuzzedReader: String, CaseIterable, Sendable {
  case safetensors, checkpoint, pth, onnx, list, recipe, png, jpeg

  /// Reads `bytes` as a file of this kind: it is refused, or what it holds is consistent.
  ///
  /// - Returns: a sum over all that was read, so that no byte of it goes unread; nil if it was refused.
  ///   An inconsistency ends the process.
  @discardableResult public func read(_ bytes: [UInt8]) -> Int? {
    switch self {
    case .safetensors, .pth: readWeights(bytes)
    case .checkpoint: DamagedCheckpoint.read(bytes) ? bytes.count : nil
    case .onnx: readNetwork(bytes)
    case .list: readList(bytes)
    case .recipe: readRecipe(bytes)
    case .png, .jpeg: readImage(bytes)
    }
  }
}

private func readWeights(_ bytes: [UInt8]) -> Int? {
  guard let archive = try? WeightFile.read("input", files: MemoryFile.store(bytes)) else {
    return nil
  }
  var sum = 0
  for tensor in archive.tensors {
    let count = tensor.shape.reduce(1, *)
    precondition(count * tensor.elementType.byteCount == tensor.bytes.count, tensor.name)
    sum += tensor.bytes.withUnsafeBytes { total($0) }
  }
  return sum
}

private func readNetwork(_ bytes: [UInt8]) -> Int? {
  // Small limits: the time goes to reading, not to arithmetic on constants.
  var limits = Limits()
  (limits.constantElements, limits.constantWork) = (1 << 12, 1 << 16)
  guard
    let graph = try? ONNXFile.read("input", limits: limits, files: MemoryFile.store(bytes)),
    let plan = try? graph.plan(for: [2, 3, 16, 24], limits: limits)
  else { return nil }
  var (known, sum): (Set<String>, Int) = ([plan.input], 0)
  for tensor in plan.initialisers + plan.constants {
    precondition(plan.values[tensor.name] == ValueType(tensor.elementType, tensor.shape))
    known.insert(tensor.name)
    sum += tensor.bytes.withUnsafeBytes { total($0) }
  }
  for node in plan.nodes {
    precondition(node.inputs.allSatisfy(known.contains), node.name)
    precondition(node.outputs.allSatisfy { plan.values[$0] != nil }, node.name)
    known.formUnion(node.outputs)
  }
  precondition(plan.outputs.allSatisfy { known.contains($0.value) })
  return sum + plan.nodes.count
}

private func readList(_ bytes: [UInt8]) -> Int? {
  guard let list = try? ListFile(bytes: bytes, path: "input", root: "/") else { return nil }
  var sum = 0
  for index in 0..<list.count {
    let entry = list[index]
    for path in [entry.image, entry.label] {
      precondition(!path.hasPrefix("/") && !path.split(separator: "/").contains(".."), path)
      sum += path.utf8.count
    }
  }
  return sum
}

private func readRecipe(_ bytes: [UInt8]) -> Int? {
  guard let text = String(validating: bytes, as: UTF8.self),
    let recipe = try? Recipe.decode(yaml: text, file: "input.yaml", folder: "/")
  else { return nil }
  // What a run folder keeps says the same.
  let resolved = recipe.resolvedYAML()
  do {
    let again = try Recipe.decode(yaml: resolved, file: "resolved.yaml", folder: "/")
    precondition(again == recipe, "\(again.differences(from: recipe))")
  } catch {
    preconditionFailure("\(error): \(resolved)")
  }
  return resolved.utf8.count
}

private func readImage(_ bytes: [UInt8]) -> Int? {
  // Small limits: the time goes to reading, not to clearing large pictures.
  let limits = ImageLimits(width: 512, height: 512, pixels: 1 << 17)
  let photo = try? ImageFile.decodeRGB(bytes, path: "input", limits: limits)
  if let photo { precondition(photo.pixels.count == photo.width * photo.height * 3) }
  let labels = try? ImageFile.decodeLabels(bytes, path: "input", limits: limits)
  if let labels { precondition(labels.pixels.count == labels.width * labels.height) }
  guard photo != nil || labels != nil else { return nil }
  return total(photo?.pixels ?? []) + total(labels?.pixels ?? [])
}

private func total(_ bytes: some Sequence<UInt8>) -> Int { bytes.reduce(0) { $0 + Int($1) } }
