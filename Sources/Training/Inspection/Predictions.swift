import DataParallel
import ImageIO
import Pictures
import Recipes

/// What a network sees in images: `rdd predict`.
public enum Predictions {
  /// Writes the classes of each image as `NAME_mask.png`, class indices with the classes' colours as
  /// palette, and laid over the image as `NAME_overlay.png`. Collective: the ranks share the images.
  ///
  /// - Parameters:
  ///   - recipe: the student's architecture, the classes, scales and mirroring of the evaluation.
  ///   - weights: the student's.
  ///   - images: PNG and JPEG files of any sizes.
  ///   - folder: where the pictures go; made if missing.
  ///   - coordinator: the ranks.
  /// - Throws: one line that names the file and what is wrong with it.
  public static func write(
    _ recipe: Recipe, weights: String, images: [String], to folder: String,
    coordinator: Coordinator
  ) throws {
    let names = images.map(PictureNames.stem)
    try PictureNames.requireDistinct(names, images)
    // All headers before any work: a wrong name should not wait for a thousand images.
    let (limits, turning) = (recipe.data.imageLimits, recipe.data.turning)
    for image in images { _ = try ImageFile.header(image, limits: limits, turning: turning) }
    let pictures = try PictureFolder(folder)
    let device = try recipe.device(localRank: coordinator.world.localRank)
    let predictor = Predictor(
      try NetworkFactory.student(recipe, device: device, weights: weights), recipe,
      scales: recipe.evaluation.scales, flip: recipe.evaluation.flip)
    let classes = recipe.data.classes
    let palette = ClassPalette(classes)
    let share = Shard.range(
      of: images.count, rank: coordinator.rank, worldSize: coordinator.worldSize)
    for index in share {
      let photo = try ImageFile.readRGB(images[index], limits: limits, turning: turning)
      let answer = predictor.answers([photo])[0]
      guard answer.isFinite else {
        throw TrainingError.notFinite("predict: \(images[index])", weights)
      }
      let mask = answer.classes
      try pictures.write(mask, palette: classes.palette, names[index] + "_mask")
      try pictures.write(
        RGBImage(palette.overlay(mask.pixels, on: Canvas(photo))), names[index] + "_overlay")
    }
    try coordinator.world.communicator.barrier()
  }
}
