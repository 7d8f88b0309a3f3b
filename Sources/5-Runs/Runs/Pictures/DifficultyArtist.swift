import Datasets
import Difficulty
import Files
import ImageIO
import Networks
import Pictures
import Recipes
import Steps
import Torch

/// Draws what teacher and student make of an image.
package struct DifficultyArtist {
  private let recipe: Recipe
  private let student: SegmentationNetwork
  private let teacher: Teacher?
  private let loss: TaskLoss
  private let palette: ClassPalette

  /// An artist for two networks, or for a student that learns from labels alone.
  package init(
    _ recipe: Recipe, student: SegmentationNetwork, teacher: Teacher?, threadCount: Int
  ) {
    self.recipe = recipe
    self.student = student
    self.teacher = teacher
    loss = TaskLoss(engine: .fused, threadCount: threadCount)
    palette = ClassPalette(recipe.data.classes)
  }

  /// The teacher's logits of a photo, which do not change while the student learns.
  ///
  /// - Throws: `FileError` for a photo of a size that the graph of either network does not take.
  func taught(_ photo: RGBImage) throws(FileError) -> TaskLoss.Heads? {
    let size = Pair(photo.height, photo.width)
    try student.prepare(for: size)
    try teacher?.prepare(for: size)
    return teacher.map { $0(image(photo)).hostHeads }
  }

  /// The panel of an image; without labels it says nothing of labels and masks.
  ///
  /// - Throws: `TrainingError` where logits are not finite, and what `taught` throws.
  package func panel(
    title: String, photo: RGBImage, labels: GrayImage?
  ) throws -> DifficultyPanel {
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
    let lesson = teacher == nil ? "" : "\(recipe.teacher.network) teaches "
    var panel = DifficultyPanel(
      title: "\(title): \(lesson)\(student.architecture)",
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
