import DataParallel
import ImageIO
import Logging
import Recipes
import Runs
import Steps

/// What the method sees in images: `rdd maps`.
package enum DifficultyPictures {
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
  package static func write(
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
      recipe, student: student, teacher: Teacher(teacher, recipe, teaching: student),
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
