import Files
import Optimisers

extension Recipe.Train {
  /// Factors for parameters by their names.
  package struct Groups: RecipeValue {
    /// The groups.
    package var list: [ParameterGroup] = []

    /// No groups.
    package init() {}
  }
}

extension Key {
  /// How parameters move by their gradients. Earlier versions had none of these keys.
  static let optimiser = [
    Key(
      "train.optimizer", \.train.optimizer,
      "What moves the weights by their gradients: SGD with momentum, or AdamW, whose weight decay is "
        + "decoupled from the gradient."
    ).added,
    Key(
      "train.beta1", \.train.beta1, 0...0.9999, "AdamW: factor of the old mean of gradients."
    ).added,
    Key(
      "train.beta2", \.train.beta2, 0...0.999999,
      "AdamW: factor of the old mean of squared gradients."
    ).added,
    Key(
      "train.epsilon", \.train.epsilon, 1e-16...1,
      "AdamW: what is added to the root of the squares' mean, by which the gradients' mean is divided."
    ).added,
    Key(
      "train.warmup_iterations", \.train.warmupIterations, 0...1_000_000_000,
      "Iterations at the start in which the learning rate rises linearly to that of the schedule. 0: none. "
        + "The length of TFE is distill.warmup_iterations."
    ).added,
    Key(
      "train.warmup_factor", \.train.warmupFactor, 0...1,
      "What the learning rate of iteration 1 is multiplied by where there is such a warm-up."
    ).added,
    Key(
      "train.clip_norm", \.train.clipNorm, 0...1e6,
      "Largest Euclidean norm of all gradients together; larger ones are scaled down to it. 0: any."
    ).added,
    Key(
      "train.groups", \.train.groups,
      "Factors of learning rate and weight decay for the parameters whose names fit a pattern, in which * is "
        + "any text; those of several patterns are multiplied. [{match: \"*.bias\", decay: 0}] does not "
        + "decay biases."
    ).added,
    Key(
      "train.average", \.train.average, 0...0.999999,
      "Factor of the old weights in a moving average (EMA) of the student's, which is then measured, drawn "
        + "and saved as best and last weights. Iteration n has (1 + n) / (10 + n) if that is less. 0: none."
    ).added,
  ]
}

extension OptimiserName: RecipeChoice {}

extension Recipe.Train.Groups {
  static var expected: String { "a list of {match: PATTERN, rate: FACTOR, decay: FACTOR}" }

  /// The most of them, and the largest factor.
  private static let (mostGroups, largestFactor) = (64, 1000.0)

  init?(_ written: Written) {
    guard Self.fault(of: written) == nil, case .list(let items) = written.form else { return nil }
    for item in items {
      guard let group = Self.group(item) else { return nil }
      list.append(group)
    }
  }

  static func fault(of written: Written) -> String? {
    guard case .list(let items) = written.form else { return nil }
    guard items.count <= mostGroups else {
      return "\(items.count) groups, where \(mostGroups) are the most"
    }
    for (index, item) in items.enumerated() {
      if let fault = fault(ofGroup: item) { return "group \(index + 1) \(fault)" }
    }
    return nil
  }

  private static func fault(ofGroup written: Written) -> String? {
    guard case .section(let entries) = written.form else { return "is no {match: PATTERN, ...}" }
    var seen: Set<String> = []
    for entry in entries {
      let key = quoted(entry.key)
      guard ["match", "rate", "decay"].contains(entry.key) else {
        return "has \(key), and not match, rate or decay"
      }
      guard seen.insert(entry.key).inserted else { return "has \(key) twice" }
      guard entry.key != "match" else { continue }
      guard let factor = Double(entry.value), (0...largestFactor).contains(factor) else {
        return "has \(entry.key): \(entry.value.description), and not a number from 0 to 1000"
      }
    }
    guard seen.contains("match") else { return "has no match" }
    return group(written) == nil
      ? "has a match that is not made of letters, digits, dots, '_', '-' and '*'" : nil
  }

  private static func group(_ written: Written) -> ParameterGroup? {
    guard case .section(let entries) = written.form else { return nil }
    var group = ParameterGroup(match: "")
    for entry in entries {
      switch entry.key {
      case "match":
        guard let text = entry.value.text, isPattern(text) else { return nil }
        group.match = text
      case "rate": group.rate = Double(entry.value) ?? 1
      default: group.decay = Double(entry.value) ?? 1
      }
    }
    return group.match.isEmpty ? nil : group
  }

  /// Names of tensors and stars; nothing that quotes in YAML do not hold.
  private static func isPattern(_ text: String) -> Bool {
    text.utf8.count <= 256
      && text.utf8.allSatisfy { byte in
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
          || "*._-".utf8.contains(byte)
      }
  }

  var yaml: String {
    let items = list.map {
      "{match: \"\($0.match)\", rate: \($0.rate.yaml), decay: \($0.decay.yaml)}"
    }
    return "[" + items.joined(separator: ", ") + "]"
  }
}
