import Datasets
import Files
import Foundation
import ImageIO
import Recipes
import Scenes

/// A recipe's images, for training and for validation.
package struct DataSources: Sendable {
  /// The training images.
  package let training: any SampleSource
  /// The validation images.
  package let validation: any SampleSource

  /// Opens the lists, or sets up the scenes, of a recipe.
  ///
  /// - Throws: `DatasetError` that names the list and the line, or `TrainingError` (exit code 66) if
  ///   there is no such list.
  package init(_ data: Recipe.Data) throws {
    switch data.kind {
    case .scenes:
      let scenes = data.scenes
      training = SceneSet(
        seed: UInt64(scenes.seed), part: .training, count: scenes.trainCount,
        width: scenes.width, height: scenes.height, told: scenes.classes)
      validation = SceneSet(
        seed: UInt64(scenes.seed), part: .validation, count: scenes.validationCount,
        width: scenes.width, height: scenes.height, told: scenes.classes)
    case .list:
      training = try Self.list(data.trainList, "data.train_list", data)
      validation = try Self.list(data.validationList, "data.validation_list", data)
    }
  }

  /// The same images, whose files are looked at as they are read.
  package func watched(training watch: FileWatch, validation other: FileWatch) -> DataSources {
    DataSources(training: training.watched(by: watch), validation: validation.watched(by: other))
  }

  private init(training: any SampleSource, validation: any SampleSource) {
    self.training = training
    self.validation = validation
  }

  /// Opens the list that a key names.
  package static func list(
    _ name: String, _ key: String, _ data: Recipe.Data
  ) throws -> ListDataset {
    let root = root(data)
    let path = path(ofList: name, data)
    let files = FileStore()
    guard !files.isAbsent(root) else {
      throw TrainingError(
        .missingInput,
        "data.root: \(root): found no folder; expected the folder of the images; "
          + "add --set data.root=FOLDER")
    }
    guard !files.isAbsent(path) else {
      throw TrainingError(
        .missingInput,
        "\(key): \(path): found no file; expected a list of images and labels; make one, or "
          + "name another with --set \(key)=FILE")
    }
    return ListDataset(
      list: try ListFile(path: path, root: root, encoding: data.encoding), encoding: data.encoding,
      classes: data.classes, limits: data.imageLimits, turning: data.orientation)
  }

  /// The file of a list.
  package static func path(ofList name: String, _ data: Recipe.Data) -> String {
    let name = fromHome(name)
    return name.hasPrefix("/") ? name : root(data) + "/" + name
  }

  /// The folder that paths of lists start from.
  package static func root(_ data: Recipe.Data) -> String {
    data.root ?? FileManager.default.currentDirectoryPath
  }

  /// The batches of this rank, read and augmented ahead.
  package func loader(
    _ recipe: Recipe, _ iterations: ClosedRange<Int>, _ coordinator: Coordinator
  ) throws -> BatchLoader {
    let data = recipe.data
    let source = cachedTraining(recipe)
    return try BatchLoader(
      source: source,
      order: SampleOrder(
        sampleCount: source.count, seed: UInt64(recipe.train.seed), isShuffled: data.shuffle),
      augmentation: Augmentation(
        crop: CropSize(height: data.cropHeight, width: data.cropWidth),
        seed: UInt64(recipe.train.seed), isRandom: data.augment),
      batchSize: recipe.train.batchSize,
      positions: coordinator.positions(of: recipe.train.batchSize), iterations: iterations,
      threadCount: data.loaderThreads, batchesAhead: data.prefetchBatches)
  }

  /// The training images. Decoded ones stay in memory, up to the recipe's bound, if the run uses any
  /// of them twice.
  private func cachedTraining(_ recipe: Recipe) -> any SampleSource {
    let bytes = recipe.data.cacheMebibytes << 20
    let uses = recipe.train.iterations * recipe.train.batchSize
    return bytes > 0 && uses > training.count
      ? CachedSource(training, maximumBytes: bytes) : training
  }
}

extension Recipe.Data {
  /// The classes that the networks tell apart, as the recipe calls them.
  package var classes: ClassList {
    if kind == .scenes { return scenes.classes.list }
    let own = ownClasses.list
    guard !own.isEmpty else { return encoding.classes }
    let colours = zip(own, ClassList(count: own.count).colours).map { item, other in
      item.colour.map { RGBColour($0[0], $0[1], $0[2]) } ?? other
    }
    return ClassList(names: own.map(\.name), colours: colours)
  }

  /// What an image may measure at most.
  package var imageLimits: ImageLimits {
    ImageLimits(
      mebibytes: imageMebibytes,
      remedy: "data.image_mebibytes is \(imageMebibytes): raise it, or make the image smaller")
  }

  /// How the label files name classes.
  package var encoding: LabelEncoding {
    guard let encoding = LabelEncoding(format, classCount: classCount) else {
      preconditionFailure(
        "data.num_classes: \(classCount); expected 1 to \(ClassList.maximumCount)")
    }
    return encoding
  }
}
