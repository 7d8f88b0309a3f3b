import DataParallel
import Datasets
import Difficulty
import ImageIO
import Logging
import Networks
import Pictures
import Recipes
import Torch

/// What the method sees in images: `rdd maps`.
public enum DifficultyPictures {
  /// Writes one picture an image as `NAME_maps.png`: photo, labels, what teacher and student see,
  /// the TFE weights and the TSE masks. Collective: the ranks share the images.
  ///
  /// - Parameters:
  ///   - recipe: networks, classes and the method; it must have a teacher.
  ///   - weights: the student's; nil for the recipe's.
  ///   - images: image files, or indices of validation samples; see `SampleFinder`. Without labels
  ///     there are no labels and no masks to draw.
  ///   - folder: where the pictures go; made if missing.
  ///   - coordinator: the ranks.
  /// - Throws: one line that names the file and what is wrong with it.
  public static func write(
    _ recipe: Recipe, weights: String?, images: [String], to folder: String,
    coordinator: Coordinator
  ) throws {
    guard weights ?? recipe.student.weights != nil else {
      throw TrainingError(
        .missingInput,
        "student: found no weights; expected those of a trained student; add --weights FILE")
    }
    let finder = try SampleFinder(recipe)
    let samples = try images.map(finder.sample)
    try PictureNames.requireDistinct(samples.map(\.name), images)
    let pictures = try PictureFolder(folder)
    let device = try recipe.device(localRank: coordinator.world.localRank)
    guard let teacher = try NetworkFactory.teacher(recipe, device: device) else {
      throw TrainingError(
        .badData,
        "distill.method: found none; expected a recipe with a teacher, whose difficulty is drawn; "
          + "take the recipe that distils, or add --set distill=rdd --set teacher.weights=FILE")
    }
    let student = try NetworkFactory.student(recipe, device: device, weights: weights)
    let artist = DifficultyArtist(
      recipe, student: student, teacher: Teacher(teacher, recipe),
      threadCount: coordinator.threadCount)
    let share = Shard.range(
      of: samples.count, rank: coordinator.rank, worldSize: coordinator.worldSize)
    let progress = coordinator.isLead ? Progress(Logger(label: "rdd")) : nil
    let count = ImageCount(progress, "maps", share: share.count, of: samples.count)
    for sample in samples[share] {
      let (photo, labels) = try sample.read()
      let panel = try artist.panel(title: sample.title, photo: photo, labels: labels)
      try pictures.write(RGBImage(panel.picture()), sample.name + "_maps")
      count.add(1)
    }
    progress?.close()
    try coordinator.world.communicator.barrier()
  }
}

/// Draws what teacher and student make of an image.
struct DifficultyArtist {
  private let recipe: Recipe
  private let student: SegmentationNetwork
  private let teacher: Teacher?
  private let loss: TaskLoss
  private let palette: ClassPalette

  /// An artist for two networks, or for a student that learns from labels alone.
  init(
    _ recipe: Recipe, student: SegmentationNetwork, teacher: Teacher?, threadCount: Int
  ) {
    self.recipe = recipe
    self.student = student
    self.teacher = teacher
    loss = TaskLoss(engine: .fused, threadCount: threadCount)
    palette = ClassPalette(recipe.data.classes)
  }

  /// The teacher's logits of a photo, which do not change while the student learns.
  func taught(_ photo: RGBImage) -> TaskLoss.Heads? {
    teacher.map { $0(image(photo)).hostHeads }
  }

  /// The panel of an image; without labels it says nothing of labels and masks.
  ///
  /// - Throws: `TrainingError` where logits are not finite.
  func panel(
    title: String, photo: RGBImage, labels: GrayImage?
  ) throws(TrainingError) -> DifficultyPanel {
    try draw(title: title, photo: photo, labels: labels, taught: taught(photo)).panel
  }

  /// The panel of an image whose teacher's logits are known, and the maps that it shows.
  ///
  /// - Throws: `TrainingError` where logits are not finite.
  func draw(
    title: String, photo: RGBImage, labels: GrayImage?, taught: TaskLoss.Heads?
  ) throws(TrainingError) -> (panel: DifficultyPanel, maps: DifficultyMaps?) {
    let (height, width) = (photo.height, photo.width)
    let learned = Autograd.withoutHistory {
      student(image(photo), .evaluation(precision: recipe.train.precision.elementType)).hostHeads
    }
    guard learned.areFinite else { throw .notFinite("maps: \(title)", "the student") }
    guard taught?.areFinite ?? true else { throw .notFinite("maps: \(title)", "the teacher") }
    let lesson = teacher == nil ? "" : "\(recipe.teacher.network.rawValue) teaches "
    var panel = DifficultyPanel(
      title: "\(title): \(lesson)\(student.architecture.rawValue)",
      photo: Canvas(photo), labels: labels?.pixels, palette: palette)
    panel.student = learned.main.classes(height: height, width: width)[0].pixels
    guard let taught else { return (panel, nil) }
    let indices = labels?.pixels ?? [UInt8](repeating: ignoreIndex, count: height * width)
    let maps = indices.withUnsafeBufferPointer { indices in
      loss.difficultyMaps(
        student: learned, teacher: taught,
        labels: TaskLoss.Labels(indices, imageCount: 1, height: height, width: width),
        options: options(pixelCount: height * width))
    }
    panel.teacher = taught.main.classes(height: height, width: width)[0].pixels
    panel.weights = maps.weight
    if labels != nil {
      panel.hard = (teacher: maps.hard[1].map { $0 != 0 }, student: maps.hard[0].map { $0 != 0 })
    }
    return (panel, maps)
  }

  /// A photo `[1, 3, H, W]` as the networks take it.
  private func image(_ photo: RGBImage) -> Tensor {
    Tensor.images([photo]).to(student.parameterType, device: student.device)
  }

  /// The recipe's method for one whole image: as many pixels are kept at least as the image has of
  /// those of a training crop.
  private func options(pixelCount: Int) -> DifficultyOptions {
    var options = Objective(recipe).options(recipe.train.iterations, imageCount: 1)
    // The picture tells student, teacher and both apart, so every mask can be seen in it; this one
    // asks for both networks' pixels.
    options.mask = .xor
    options.statistics = .global
    let crop = recipe.data.cropHeight * recipe.data.cropWidth
    let share = Double(pixelCount) / Double(crop)
    options.minimumKept = Int((Double(options.minimumKept) * share).rounded())
    return options
  }
}
