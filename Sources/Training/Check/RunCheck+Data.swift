import DataParallel
import Datasets
import Recipes

extension RunCheck {
  /// Lists, image headers and classes.
  mutating func checkData(decodesPixels: Bool) {
    let data = recipe.data
    switch data.kind {
    case .scenes:
      let scenes = data.scenes
      let size = "scenes of \(scenes.height) x \(scenes.width), drawn by the program"
      report.note("training data", "\(scenes.trainCount) \(size)")
      report.note("validation data", "\(scenes.validationCount) \(size)")
    case .list:
      checkList(data.trainList, "data.train_list", "training data", decodesPixels)
      checkList(data.validationList, "data.validation_list", "validation data", decodesPixels)
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
  }

  private mutating func checkList(
    _ list: String, _ key: String, _ name: String, _ decodesPixels: Bool
  ) {
    let dataset = report.attempt { try DataSources.list(list, key, recipe.data) }
    guard let dataset else {
      report.note(name, "not found")
      return
    }
    let world = coordinator.world
    let share = Shard.range(
      of: dataset.count, rank: world.localRank, worldSize: world.localWorldSize)
    let problems = report.attempt {
      try DatasetCheck.problems(
        in: dataset, indices: share, decodesPixels: decodesPixels,
        threadCount: coordinator.threadCount)
    }
    for problem in problems ?? [] { report.fail(problem.error) }
    let depth = decodesPixels ? "every pixel" : "every header"
    report.note(name, "\(dataset.count) images of \(dataset.list.path), \(depth) read")
    if key == "data.train_list", dataset.count < recipe.train.batchSize {
      report.warn("\(dataset.count) training images fill less than one batch")
    }
  }
}
