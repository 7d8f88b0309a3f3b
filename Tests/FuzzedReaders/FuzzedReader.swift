import Datasets
import ImageIO
import Recipes
import WeightFiles

/// What reads files that others wrote. `launch/fuzz` feeds each with broken ones, under
/// AddressSanitizer; a test feeds them with the corpus.
public enum FuzzedReader: String, CaseIterable, Sendable {
  case safetensors, checkpoint, pth, list, recipe, png, jpeg

  /// Reads `bytes` as a file of this kind: it is refused, or what it holds is consistent.
  ///
  /// - Returns: whether it was read. An inconsistency ends the process.
  @discardableResult public func read(_ bytes: [UInt8]) -> Bool {
    switch self {
    case .safetensors, .pth: readWeights(bytes)
    case .checkpoint: DamagedCheckpoint.read(bytes)
    case .list: readList(bytes)
    case .recipe: readRecipe(bytes)
    case .png, .jpeg: readImage(bytes)
    }
  }
}

private func readWeights(_ bytes: [UInt8]) -> Bool {
  guard let archive = try? WeightFile.read("input", files: MemoryFile.store(bytes)) else {
    return false
  }
  var sum: UInt8 = 0
  for tensor in archive.tensors {
    let count = tensor.shape.reduce(1, *)
    precondition(count * tensor.elementType.byteCount == tensor.bytes.count, tensor.name)
    // Every byte is there to be read.
    tensor.bytes.withUnsafeBytes { for byte in $0 { sum &+= byte } }
  }
  return sum == sum
}

private func readList(_ bytes: [UInt8]) -> Bool {
  guard let list = try? ListFile(bytes: bytes, path: "input", root: "/") else { return false }
  for index in 0..<list.count {
    let entry = list[index]
    for path in [entry.image, entry.label] {
      precondition(!path.hasPrefix("/") && !path.split(separator: "/").contains(".."), path)
    }
  }
  return true
}

private func readRecipe(_ bytes: [UInt8]) -> Bool {
  guard let text = String(validating: bytes, as: UTF8.self),
    let recipe = try? Recipe.decode(yaml: text, file: "input.yaml", folder: "/")
  else { return false }
  // What a run folder keeps says the same.
  let resolved = recipe.resolvedYAML()
  do {
    let again = try Recipe.decode(yaml: resolved, file: "resolved.yaml", folder: "/")
    precondition(again == recipe, "\(again.differences(from: recipe))")
  } catch {
    preconditionFailure("\(error): \(resolved)")
  }
  return true
}

private func readImage(_ bytes: [UInt8]) -> Bool {
  // Small limits: the time goes to reading, not to clearing large pictures.
  let limits = ImageLimits(width: 512, height: 512, pixels: 1 << 17)
  let photo = try? ImageFile.decodeRGB(bytes, path: "input", limits: limits)
  if let photo { precondition(photo.pixels.count == photo.width * photo.height * 3) }
  let labels = try? ImageFile.decodeLabels(bytes, path: "input", limits: limits)
  if let labels { precondition(labels.pixels.count == labels.width * labels.height) }
  return photo != nil || labels != nil
}
