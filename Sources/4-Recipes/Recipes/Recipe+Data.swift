import Datasets
import ImageIO
import Scenes

extension Recipe {
  /// Images, labels and how they are prepared.
  package struct Data: Sendable, Equatable {
    /// Where the images come from.
    package var kind = DataKind.scenes
    /// The folder of a list's images; absolute.
    package var root: String?
    /// The list of training images; relative to `root`.
    package var trainList = "train.txt"
    /// The list of validation images; relative to `root`.
    package var validationList = "val.txt"
    /// How label files say a class.
    package var format = LabelFormat.trainIDs
    /// Classes; 0 only before a recipe is read.
    package var classCount = 0
    /// Names and colours of the user's own for the classes.
    package var ownClasses = Classes()
    /// Crop height in pixels; 0 only before a recipe is read.
    package var cropHeight = 0
    /// Crop width in pixels; 0 only before a recipe is read.
    package var cropWidth = 0
    /// Random scale, crop and mirror.
    package var augment = true
    /// A new order in each epoch.
    package var shuffle = true
    /// Threads of each rank that decode and augment.
    package var loaderThreads = 1
    /// Batches prepared ahead.
    package var prefetchBatches = 4
    /// Memory of each rank for decoded images, in MiB.
    package var cacheMebibytes = 512
    /// What of the listed files a run remembers, to notice that they have changed.
    package var identity = DataIdentity.contents
    /// Memory that one decoded image may take, in MiB.
    package var imageMebibytes = 192
    /// What the EXIF orientations of images and label files do.
    package var orientation = Turning.exif
    /// The synthetic street scenes.
    package var scenes = Scenes()
  }

  /// Street scenes that the program draws.
  package struct Scenes: Sendable, Equatable {
    /// Height in pixels.
    package var height = 128
    /// Width in pixels.
    package var width = 256
    /// Training scenes.
    package var trainCount = 500
    /// Validation scenes.
    package var validationCount = 100
    /// The seed of what is drawn; not the run's.
    package var seed = 1
    /// The classes that labels tell apart.
    package var classes = SceneClasses.all
  }

  /// Where images come from.
  package enum DataKind: String, RecipeChoice, CaseIterable {
    /// Synthetic street scenes.
    case scenes
    /// Files named by lists.
    case list
  }

  /// What of the listed files a run remembers.
  package enum DataIdentity: String, RecipeChoice, CaseIterable {
    /// A hash of their bytes.
    case contents
    /// How many bytes they have.
    case sizes
  }
}

extension Key {
  /// What relative paths start from.
  static let relativePaths = "Relative to the recipe's folder; with --set, to the current folder."

  static let data = [
    Key("data.kind", \.data.kind, "Synthetic street scenes, or the files of a list."),
    Key(
      "data.root", path: \.data.root,
      "Folder of the images. \(relativePaths)"
    ).changingNothing,
    Key(
      "data.train_list", \.data.trainList,
      "Training list, relative to the root: a line holds an image, a space or tab, and its label, both "
        + "relative to the root; of VOC also an id alone."
    ).namingFiles,
    Key(
      "data.validation_list", \.data.validationList, "Validation list, relative to the root."
    ).namingFiles,
    Key(
      "data.format", \.data.format,
      "How label files say a class: \(FormatTable.all.map(\.meaning).inWords)."),
    Key(
      "data.num_classes", \.data.classCount, 0...ClassList.maximumCount,
      "Classes. 0: those of the format, of the scenes, or as many as data.classes names."),
    Key(
      "data.classes", \.data.ownClasses,
      "Names and colours of the classes, in the order of their indices, for tables, reports and "
        + "pictures: [{name: road, colour: [128, 64, 128]}, {name: car}]. []: those of the format, or "
        + "numbers."
    ).changingNothing,
    Key(
      "data.crop_height", \.data.cropHeight, 0...8192,
      "Height of a training crop in pixels, 32 or more. 0: the paper's for the format, or a scene's."
    ),
    Key(
      "data.crop_width", \.data.cropWidth, 0...8192,
      "Width of a training crop in pixels, 32 or more. 0: the paper's for the format, or a scene's."
    ),
    Key(
      "data.augment", \.data.augment,
      "Random scale (0.5 to 2), crop and mirror of training images; false: none of them."),
    Key(
      "data.shuffle", \.data.shuffle,
      "A new order of the images in each epoch; false: the list's order."),
    Key(
      "data.loader_threads", \.data.loaderThreads, 1...64,
      "Threads of each rank that decode and augment."
    ).changingNothing,
    Key(
      "data.prefetch_batches", \.data.prefetchBatches, 1...64,
      "Batches that each rank prepares ahead."
    ).changingNothing,
    Key(
      "data.cache_mebibytes", \.data.cacheMebibytes, 0...1_048_576,
      "Memory of each rank for decoded images that are used again, in MiB. 0: none is kept."
    ).changingNothing,
    Key(
      "data.identity", \.data.identity,
      "What of the listed files a run remembers, to notice on going on that they have changed: a hash "
        + "of their contents, which is made at the start, or their sizes alone."
    ).changingNothing,
    Key(
      "data.image_mebibytes", \.data.imageMebibytes, 1...65_536,
      "The most memory that one decoded image may take, in MiB, at 3 bytes a pixel; a larger one is "
        + "refused before it is decoded."
    ).changingNothing,
    Key(
      "data.orientation", \.data.orientation,
      "exif: images and label files are turned by their EXIF orientation, as viewers show them; "
        + "stored: none is."),
    Key("data.scenes.height", \.data.scenes.height, 32...4096, "Height of a scene in pixels."),
    Key("data.scenes.width", \.data.scenes.width, 32...4096, "Width of a scene in pixels."),
    Key("data.scenes.train_count", \.data.scenes.trainCount, 1...1_000_000, "Training scenes."),
    Key(
      "data.scenes.validation_count", \.data.scenes.validationCount, 1...1_000_000,
      "Validation scenes; none of them is a training scene."),
    Key(
      "data.scenes.seed", \.data.scenes.seed, 0...Int.max,
      "Seed of what the scenes show, apart from the run's, so that runs with other seeds see the same."
    ),
    Key(
      "data.scenes.classes", \.data.scenes.classes,
      "all: 11 classes; large: road, pavement, building, vegetation, sky and car, with the pixels of "
        + "thin and rare things ignored, which small scenes hardly show."),
  ]
}

extension [String] {
  /// `a, b or c`, with a comma before the last.
  fileprivate var inWords: String {
    dropLast().joined(separator: ", ") + (count > 1 ? ", or " : "") + (last ?? "")
  }
}
