import Files
import WeightFiles

/// Weights that do not fit a network, by tensor.
package struct WeightMismatch: Error, Equatable, CustomStringConvertible {
  /// Tensors of which the same is wrong.
  package struct Kind: Equatable, Sendable {
    /// What is wrong, after a number of tensors: `missing`.
    package let name: String
    /// One entry a tensor: its name, or more where each is wrong in its own way.
    package let tensors: [String]
    /// What is said after a tensor's name where it stands alone.
    fileprivate var ending = ""

    /// One entry a tensor, with what is wrong.
    fileprivate var problems: [String] { tensors.map { $0 + ending } }
  }

  /// The file.
  package let path: String
  /// The network that the weights were to fill.
  package let network: String
  /// One entry a tensor: of another shape, missing, or left over; of names that look alike one for both.
  package var problems: [String] { kinds.flatMap(\.problems) }
  /// The same by kind; none is empty.
  package let kinds: [Kind]
  /// The problems that a line shows, of each kind some.
  private let shown: [String]
  /// What to do.
  private let advice: String

  /// A mismatch of one or more tensors.
  package init(path: String, network: String, problems: [String]) {
    self.path = path
    self.network = network
    kinds = [Kind(name: "that do not fit", tensors: problems)]
    shown = Array(problems.prefix(4))
    advice = Self.advice
  }

  /// A mismatch of the tensors of a file with those of a network.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - network: the network, for the message.
  ///   - others: what has another shape or type, in words.
  ///   - missing: what the network has and the file has not.
  ///   - left: what the file has and the network has not.
  ///   - stored: all that the file has.
  ///   - isWhole: whether what is left over is a problem.
  init(
    path: String, network: String, others: [String], missing: [(name: String, shape: [Int])],
    left: [StoredTensor], of stored: [StoredTensor], isWhole: Bool
  ) {
    self.path = path
    self.network = network
    // Counters need not be there, so none is missing beside which one that is left over would stand.
    let left = left.filter { missing.isEmpty || !$0.name.hasSuffix("num_batches_tracked") }
    let alike = AlikeNames(missing, left)
    kinds = [
      Kind(name: "of another shape or type", tensors: others),
      Kind(
        name: "under another name, it seems",
        tensors: alike.pairs.map { "\($0.missing) missing, but \($0.left) of the same shape" }),
      Kind(name: "missing", tensors: alike.missing, ending: " missing"),
      Kind(name: "left over", tensors: isWhole ? alike.left : [], ending: " left over"),
    ].filter { !$0.tensors.isEmpty }
    var shown: [[String]] = kinds.map { _ in [] }
    for place in 0..<4 {
      for (index, kind) in kinds.enumerated()
      where place < kind.problems.count && shown.reduce(0, { $0 + $1.count }) < 4 {
        shown[index].append(kind.problems[place])
      }
    }
    self.shown = shown.flatMap { $0 }
    advice =
      Self.ofTorchvision(stored)
      ?? alike.renaming.map { "rename them: rdd convert \(path) --rename \($0) --out NEW" }
      ?? Self.advice
  }

  /// One line: file, network, some tensors, what to do.
  package var description: String {
    let more = problems.count > shown.count ? "; and \(problems.count - shown.count) more" : ""
    return
      "weights: \(path): found \(shown.joined(separator: "; "))\(more); expected the tensors of "
      + "\(network); \(advice)"
  }

  private static let advice =
    "choose the network and the number of classes that the file was made with"

  /// What to know of a file with one of torchvision's backbones, which renaming does not help; nil of others.
  private static func ofTorchvision(_ stored: [StoredTensor]) -> String? {
    func holds(_ name: String, where isThat: (StoredTensor) -> Bool = { _ in true }) -> Bool {
      stored.contains { ($0.name == name || $0.name.hasSuffix("." + name)) && isThat($0) }
    }
    let place = "Documentation/weights.md tells which files fit"
    if holds("conv1.weight", where: { $0.shape == [64, 3, 7, 7] }) {
      return
        "the file holds a ResNet as torchvision's: its stem is one 7x7 convolution, here it is three "
        + "3x3 ones, so that it fits under no names; \(place)"
    }
    if holds("features.1.conv.0.0.weight") {
      return
        "the file holds torchvision's MobileNetV2: its tensors have other names, and it expects "
        + "another normalisation of images; \(place)"
    }
    return nil
  }
}

/// Names that a network wants and a file has not, paired with names that only the file has.
struct AlikeNames {
  /// Pairs of the same shape whose last parts agree.
  private(set) var pairs: [(missing: String, left: String)] = []
  /// What is missing and looks like nothing in the file.
  private(set) var missing: [String] = []
  /// What only the file has and looks like nothing that is missing.
  private(set) var left: [String] = []

  init(_ missing: [(name: String, shape: [Int])], _ left: [StoredTensor]) {
    // By shape and last part, as weight or running_mean.
    var candidates = Dictionary(grouping: left.indices) { index in
      Self.key(left[index].name, left[index].shape)
    }
    var taken: Set<Int> = []
    for (name, shape) in missing {
      let key = Self.key(name, shape)
      // Of a file that holds thousands of equal tensors, some.
      let best = candidates[key]?.prefix(256).max { first, second in
        Self.commonEnd(name, left[first].name) < Self.commonEnd(name, left[second].name)
      }
      guard let best, Self.commonEnd(name, left[best].name) > 1 else {
        self.missing.append(name)
        continue
      }
      pairs.append((name, left[best].name))
      taken.insert(best)
      candidates[key]?.removeAll { $0 == best }
    }
    self.left = left.indices.filter { !taken.contains($0) }.map { left[$0].name }
  }

  /// What would make the most pairs one, as `old.=new.`; nil if most of what is missing has none.
  var renaming: String? {
    guard pairs.count > missing.count else { return nil }
    var counts: [String: Int] = [:]
    for (missing, left) in pairs {
      let count = Self.commonEnd(missing, left)
      let (old, new) = (Self.start(left, without: count), Self.start(missing, without: count))
      counts["\(old)=\(new)", default: 0] += 1
    }
    return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
  }

  private static func key(_ name: String, _ shape: [Int]) -> String {
    "\(name.split(separator: ".").last ?? "") \(shape)"
  }

  /// The number of last parts that two names share.
  private static func commonEnd(_ first: String, _ second: String) -> Int {
    zip(first.split(separator: ".").reversed(), second.split(separator: ".").reversed())
      .prefix { $0 == $1 }.count
  }

  /// The parts before the last `count`, with the point after them.
  private static func start(_ name: String, without count: Int) -> String {
    name.split(separator: ".").dropLast(count).map { $0 + "." }.joined()
  }
}
