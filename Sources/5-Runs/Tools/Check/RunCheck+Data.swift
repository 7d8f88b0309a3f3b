import DataParallel
import Datasets
import Logging
import Randomness
import Recipes
import Runs
import Steps

extension RunCheck {
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
      if !decodesPixels { tellLabels(list, names) }
      warnOfTurned(list)
      warnOfSlips(list)
      warnOfStrangers(list)
      warnOfLabels(list, names)
    }
  }

  /// A list, and what was seen of its files.
  struct ListLook {
    let name: String
    let key: String
    let path: String
    /// Samples of the list.
    var count = 0
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
  struct SomeSamples {
    var count: Int64 = 0
    /// The first of them, for a message.
    var first = ""
  }

  private mutating func checkList(_ list: ListLook, _ decodesPixels: Bool) -> ListLook {
    var list = list
    let dataset: ListDataset
    do {
      dataset = try DataSources.list(list.path, list.key, recipe.data)
    } catch {
      report.fail(error)
      let isMissing = (error as? TrainingError)?.code == .missingInput
      report.note(
        "\(list.name) data", isMissing ? "not found" : "found, but not readable: see the problem")
      return list
    }
    list.count = dataset.count
    let world = coordinator.world
    let share = Shard.range(
      of: dataset.count, rank: world.localRank, worldSize: world.localWorldSize)
    let progress = coordinator.isLead ? Progress(Logger(label: "rdd")) : nil
    let count = ImageCount(
      progress, "\(list.name) data", share: share.count, of: dataset.count)
    let found = report.attempt {
      try DatasetCheck.look(
        at: dataset, indices: Array(share), depth: decodesPixels ? .pixels : .headers,
        threadCount: coordinator.threadCount, tell: count.add)
    }
    progress?.close()
    fail(found?.problems ?? [])
    if decodesPixels {
      list.labels = found?.labels
    } else if coordinator.isLead {
      list.labels = sampledLabels(dataset)
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

  /// Takes note of problems of the lists' files; those of one cause will be told as one, also where one
  /// file stands in both lists, which different ranks have looked at.
  mutating func fail(_ problems: [DatasetCheck.Problem]) {
    for problem in problems {
      report.fail(problem.error, cause: Fingerprint(problem.error.likeness).value)
    }
  }

  /// What the ranks of rank 0's host have seen together: every host reads all files. Collective.
  private func totals(_ lists: [ListLook]) -> [ListLook] {
    let reducer = coordinator.reducer
    let hosts = reducer.gather(Array(HostName.current.utf8))
    let isTold = hosts[0] == hosts[coordinator.rank]
    return lists.map { list in
      var list = list
      let counts = list.labels ?? LabelCounts(recipe.data.encoding)
      var sums = counts.stored + counts.holders + [counts.fileCount]
      if !isTold { sums = sums.map { _ in 0 } }
      reducer.sum(&sums)
      list.labels?.stored = Array(sums[..<256])
      list.labels?.holders = Array(sums[256..<512])
      list.labels?.fileCount = sums[512]
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
}
