import Datasets
import Recipes
import Steps

/// What the values of label files are, and what they hint at.
extension RunCheck {
  /// Label files of a list that are decoded where not all are.
  private static let sampleCount = 32
  /// Classes whose shares a row holds.
  private static let shownClasses = 21

  /// What the labels of some samples hold, from the first of the list to the last.
  mutating func sampledLabels(_ dataset: ListDataset) -> LabelCounts? {
    let found = report.attempt {
      try DatasetCheck.look(
        at: dataset, indices: DatasetCheck.spread(dataset.count, limit: Self.sampleCount),
        depth: .labels, threadCount: coordinator.threadCount)
    }
    fail(found?.problems ?? [])
    return found?.labels
  }

  /// Values of the labels that were read, and each class's share of the pixels.
  mutating func tellLabels(_ list: ListLook, _ names: [String]) {
    guard let labels = list.labels, labels.total > 0 else { return }
    report.note(
      "\(list.name) labels",
      "\(labels.fileCount) of \(list.count) read; values \(labels.valuesInWords)")
    let classes = labels.classes
    let shown = classes.indices.sorted { (classes[$1], $0) < (classes[$0], $1) }
      .prefix(Self.shownClasses).sorted()
    let shares = shown.map { "\(names[$0]) \(percent(classes[$0], of: labels.total))" }
    let hidden = classes.count - shown.count
    report.note(
      "\(list.name) shares",
      (shares + (hidden > 0 ? ["\(hidden) other classes"] : [])
        + ["ignored \(percent(labels.ignored, of: labels.total))"]).joined(separator: ", "))
  }

  /// Pixels of each class, and of none, in both lists.
  mutating func tellPixels(_ lists: [ListLook], _ names: [String]) {
    func told(_ count: (LabelCounts) -> Int64) -> String {
      lists.compactMap { list in
        list.labels.map { labels in
          let pixels = count(labels)
          return "\(list.name) \(pixels) (\(percent(pixels, of: labels.total)))"
        }
      }.joined(separator: ", ")
    }
    for (index, name) in names.enumerated() {
      report.note("pixels: \(name)", told { $0.classes[index] })
    }
    report.note("pixels: ignored", told(\.ignored))
  }

  /// Values that are no class here: how many labels hold them, and what they may mean.
  mutating func warnOfStrangers(_ list: ListLook) {
    guard let labels = list.labels, !labels.strangers.isEmpty else { return }
    let strangers = labels.strangers
    let pixels = strangers.reduce(0) { $0 + labels.stored[$1] }
    let files = strangers.map { labels.holders[$0] }.max() ?? 0
    let found =
      strangers.count == 1
      ? "the value \(strangers[0]) is no class, and is in \(files)"
      : "the values \(LabelCounts.inWords(strangers)) are no classes, and are in up to \(files)"
    report.warn(
      "\(list.name) labels: \(found) of \(labels.fileCount) label files read, "
        + "\(percent(pixels, of: labels.total)) of the pixels; \(meaning(of: strangers))")
  }

  /// What to do about values that are no class.
  private func meaning(of strangers: [Int]) -> String {
    let data = recipe.data
    guard data.format == .trainIDs else {
      return
        "data.format is \(data.format.rawValue): should it be train_ids, which takes values as they are?"
    }
    let count = data.classCount
    guard strangers == [count] else {
      return
        "data.num_classes is \(count): expected values from 0 to \(count - 1), and 255 for what is "
        + "ignored; raise it, or correct the labels"
    }
    let asIgnored =
      LabelFormat.allCases.first { $0.ignoresNext(to: count) }
      .map { "set data.format: \($0.rawValue), which reads it so" } ?? "write 255 in its place"
    return "if \(count) means 'ignored', \(asIgnored); if it is a class, data.num_classes is "
      + "\(count + 1); if 0 means 'ignored', subtract 1 from all values and write 255 in place of 0"
  }

  /// Labels that teach nothing, or less than they seem to.
  mutating func warnOfLabels(_ list: ListLook, _ names: [String]) {
    guard let labels = list.labels, labels.total > 0 else { return }
    let isWhole = labels.fileCount == list.count
    let place =
      "\(list.name) labels" + (isWhole ? "" : ", \(labels.fileCount) of \(list.count) read")
    let advice = recipe.data.labelAdvice(list.key)
    guard labels.valid > 0 else {
      report.warn(
        "\(place): no labelled pixel, only the values \(labels.valuesInWords); \(advice)")
      return
    }
    if labels.isMask {
      report.warn(
        "\(place): only the values 0 and 255: is this a mask? 255 is ignored; write 1 in its place")
    }
    if labels.ignored > labels.total / 10 * 9 {
      report.warn(
        "\(place): \(percent(labels.ignored, of: labels.total)) of the pixels are ignored; \(advice)"
      )
    }
    guard list.key == "data.train_list" else { return }
    let question = shift(labels)
    if isWhole, !labels.absent.isEmpty {
      let shown = labels.absent.prefix(8).map { "\($0) (\(names[$0]))" }.joined(separator: ", ")
      let more = labels.absent.count > 8 ? " and \(labels.absent.count - 8) more" : ""
      report.warn(
        "\(place): no pixel of class \(shown)\(more): is data.num_classes right, and data.format?"
          + question)
      guard question.isEmpty else { return }
    }
    if leavesZeroOpen(labels) {
      report.warn(
        "\(place): no value is 255, so nothing is ignored: is 0 a class? If it is, name the classes "
          + "(data.classes).\(Self.zeroIsIgnored) data.num_classes is then \(names.count - 1)."
      )
    }
  }

  /// What to do where 0 is no class.
  private static let zeroIsIgnored =
    " If 0 means 'ignored', subtract 1 from all values and write 255 in place of 0."

  /// Whether 0 may be meant as 'ignored': the labels hold classes alone, and nobody has named them.
  private func leavesZeroOpen(_ labels: LabelCounts) -> Bool {
    recipe.data.format == .trainIDs && recipe.data.ownClasses.list.isEmpty
      && labels.strangers.isEmpty && labels.ignored == 0 && labels.stored[0] > 0
      && recipe.data.classCount > 1
  }

  /// What else is to be asked where only the first class is absent, or the last.
  private func shift(_ labels: LabelCounts) -> String {
    guard recipe.data.format == .trainIDs, labels.absent.count == 1 else { return "" }
    switch labels.absent[0] {
    case 0: return " If classes are counted from 1, subtract 1 from all values."
    case recipe.data.classCount - 1: return Self.zeroIsIgnored
    default: return ""
    }
  }

  /// A share in percent with two decimals.
  func percent(_ part: Int64, of whole: Int64) -> String {
    let hundredths = (Double(part) / Double(max(whole, 1)) * 10_000).rounded()
    let digits = String(Int(hundredths))
    let padded = String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    return "\(padded.dropLast(2)).\(padded.suffix(2)) %"
  }
}
