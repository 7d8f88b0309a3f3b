import DataParallel
import Datasets
import Recipes

extension RunCheck {
  /// Labels that are looked at where not all are.
  private static let sampleCount = 8

  /// Lists, image headers, labels and classes. Collective.
  mutating func checkData(decodesPixels: Bool) {
    let data = recipe.data
    var lists: [ListLook] = []
    switch data.kind {
    case .scenes:
      let scenes = data.scenes
      let size = "scenes of \(scenes.height) x \(scenes.width), drawn by the program"
      report.note("training data", "\(scenes.trainCount) \(size)")
      report.note("validation data", "\(scenes.validationCount) \(size)")
    case .list:
      lists = [
        ListLook("training", "data.train_list", data.trainList),
        ListLook("validation", "data.validation_list", data.validationList),
      ].map { checkList($0, decodesPixels) }
    }
    let names = data.classes.names
    let shown = names.prefix(11).joined(separator: ", ") + (names.count > 11 ? ", ..." : "")
    report.note("classes", "\(names.count): \(shown)")
    if names.count != data.classCount {
      report.fail(
        TrainingError(
          .badData,
          "data.num_classes: found \(data.classCount); expected \(names.count), the classes of the "
            + "data; remove the key"))
    }
    lists = totals(lists)
    if decodesPixels, !lists.isEmpty { tellPixels(lists, names) }
    for list in lists {
      warnOfTurned(list)
      warnOfSlips(list)
      warnOfLabels(list, isWhole: decodesPixels)
    }
  }

  /// A list, and what was seen of its files.
  private struct ListLook {
    let name: String
    let key: String
    let path: String
    /// Pixels of the labels, as far as they were read.
    var labels: LabelCounts?
    /// Photos with an EXIF orientation.
    var turned = SomeSamples()
    /// Samples of which a file has a slip that is forgiven, where every pixel was read.
    var slips = SomeSamples()

    init(_ name: String, _ key: String, _ path: String) {
      (self.name, self.key, self.path) = (name, key, path)
    }
  }

  /// Some samples of a list.
  private struct SomeSamples {
    var count: Int64 = 0
    /// The first of them, for a message.
    var first = ""
  }

  private mutating func checkList(_ list: ListLook, _ decodesPixels: Bool) -> ListLook {
    var list = list
    let dataset = report.attempt { try DataSources.list(list.path, list.key, recipe.data) }
    guard let dataset else {
      report.note("\(list.name) data", "not found")
      return list
    }
    let world = coordinator.world
    let share = Shard.range(
      of: dataset.count, rank: world.localRank, worldSize: world.localWorldSize)
    let found = report.attempt {
      try DatasetCheck.look(
        at: dataset, indices: share, depth: decodesPixels ? .pixels : .headers,
        threadCount: coordinator.threadCount)
    }
    for problem in found?.problems ?? [] { report.fail(problem.error) }
    if decodesPixels {
      list.labels = found?.labels
    } else if coordinator.isLead, found?.problems.isEmpty ?? false {
      list.labels = sampledLabels(dataset, share.prefix(Self.sampleCount))
    }
    let depth = decodesPixels ? "every pixel" : "every header"
    report.note(
      "\(list.name) data", "\(dataset.count) images of \(dataset.list.path), \(depth) read")
    if list.key == "data.train_list", dataset.count < recipe.train.batchSize {
      report.warn("\(dataset.count) training images fill less than one batch")
    }
    if let turned = found?.turned, let first = turned.first {
      list.turned = SomeSamples(count: Int64(turned.count), first: dataset.name(first))
    }
    if let slips = found?.slips, let (index, slip) = slips.first {
      list.slips = SomeSamples(
        count: Int64(slips.count), first: "\(dataset.name(index)) (\(slip))")
    }
    return list
  }

  /// What the labels of a few samples hold.
  private mutating func sampledLabels(
    _ dataset: ListDataset, _ indices: Range<Int>
  ) -> LabelCounts? {
    let found = report.attempt {
      try DatasetCheck.look(
        at: dataset, indices: indices, depth: .labels, threadCount: coordinator.threadCount)
    }
    for problem in found?.problems ?? [] { report.fail(problem.error) }
    return found?.labels
  }

  /// What the ranks of rank 0's host have seen together: every host reads all files. Collective.
  private func totals(_ lists: [ListLook]) -> [ListLook] {
    let reducer = coordinator.reducer
    let hosts = reducer.gather(Array(HostName.current.utf8))
    let isTold = hosts[0] == hosts[coordinator.rank]
    return lists.map { list in
      var list = list
      let counts = list.labels ?? LabelCounts(recipe.data.encoding)
      var sums = isTold ? counts.stored : counts.stored.map { _ in 0 }
      reducer.sum(&sums)
      list.labels?.stored = sums
      list.turned = total(list.turned, isTold: isTold)
      list.slips = total(list.slips, isTold: isTold)
      return list
    }
  }

  private func total(_ own: SomeSamples, isTold: Bool) -> SomeSamples {
    var sums = [isTold ? own.count : 0]
    coordinator.reducer.sum(&sums)
    let names = coordinator.reducer.gather(Array((isTold ? own.first : "").utf8))
    return SomeSamples(
      count: sums[0], first: String(decoding: names.first { !$0.isEmpty } ?? [], as: UTF8.self))
  }

  /// Pixels of each class, and of none, in both lists.
  private mutating func tellPixels(_ lists: [ListLook], _ names: [String]) {
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

  private mutating func warnOfTurned(_ list: ListLook) {
    guard list.turned.count > 0 else { return }
    report.warn(
      "\(list.name) data: \(list.turned.count) photos, first \(list.turned.first), have an EXIF "
        + "orientation and are turned as viewers show them: are their labels drawn on the turned "
        + "photos? If not, data.orientation: stored leaves them as they are")
  }

  private mutating func warnOfSlips(_ list: ListLook) {
    guard list.slips.count > 0 else { return }
    report.warn(
      "\(list.name) data: \(list.slips.count) samples, first \(list.slips.first), have a slip of "
        + "the program that wrote them; they are read, as other readers read them")
  }

  /// Labels that teach nothing, or less than they seem to; `isWhole`: whether all of them were read.
  private mutating func warnOfLabels(_ list: ListLook, isWhole: Bool) {
    guard let labels = list.labels, labels.total > 0 else { return }
    let place = "\(list.name) labels" + (isWhole ? "" : ", the first of them")
    let advice = recipe.data.labelAdvice(list.key)
    guard labels.valid > 0 else {
      let values = labels.values.prefix(8).map(String.init).joined(separator: ", ")
      let more = labels.values.count > 8 ? ", ..." : ""
      report.warn("\(place): no labelled pixel, only the values \(values)\(more); \(advice)")
      return
    }
    if labels.isMask {
      report.warn(
        "\(place): only the values 0 and 255: is this a mask? 255 is ignored; write 1 in its place")
    }
    guard isWhole else { return }
    if labels.ignored > labels.total / 10 * 9 {
      report.warn(
        "\(place): \(percent(labels.ignored, of: labels.total)) of the pixels are ignored; \(advice)"
      )
    }
    guard list.key == "data.train_list", !labels.absent.isEmpty else { return }
    let names = labels.encoding.classes.names
    let shown = labels.absent.prefix(8).map { "\($0) (\(names[$0]))" }.joined(separator: ", ")
    let more = labels.absent.count > 8 ? " and \(labels.absent.count - 8) more" : ""
    report.warn(
      "\(place): no pixel of class \(shown)\(more): is data.num_classes right, and data.format?")
  }

  /// A share in percent with two decimals.
  private func percent(_ part: Int64, of whole: Int64) -> String {
    let hundredths = (Double(part) / Double(max(whole, 1)) * 10_000).rounded()
    let digits = String(Int(hundredths))
    let padded = String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    return "\(padded.dropLast(2)).\(padded.suffix(2)) %"
  }
}
