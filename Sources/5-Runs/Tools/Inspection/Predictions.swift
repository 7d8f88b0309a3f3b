import DataParallel
import Files
import Foundation
import ImageIO
import Pictures
import Recipes
import Runs
import Steps

/// What a network sees in images: `rdd predict`.
package enum Predictions {
  /// What was seen in an image, and the pictures of it.
  package struct Seen: Encodable, Sendable {
    /// The image's file.
    package let image: String
    /// Class indices with the classes' colours as palette.
    package let mask: String
    /// The classes laid over the image.
    package let overlay: String
    /// The share of the image's pixels of each class that was seen.
    package let shares: [String: Double]

    /// The image and the classes that take most of it, in a line.
    package var text: String {
      let order = shares.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      let shown = order.prefix(5).map { String(format: "%@ %.1f %%", $0.key, 100 * $0.value) }
      return "\(escaped(image)): " + shown.joined(separator: ", ")
        + (order.count > 5 ? " and \(order.count - 5) more" : "")
    }

    /// One JSON object.
    package var json: String { get throws { try JSONText.of(self) } }
  }

  /// Writes the classes of each image as `NAME_mask.png`, class indices with the classes' colours as
  /// palette, and laid over the image as `NAME_overlay.png`. Collective: the ranks share the images.
  ///
  /// - Parameters:
  ///   - recipe: the student's architecture, the classes, scales and mirroring of the evaluation.
  ///   - weights: the student's.
  ///   - images: PNG and JPEG files of any sizes; the same on all ranks.
  ///   - folder: where the pictures go; made if missing.
  ///   - hasLegend: whether an overlay has a legend with the classes' shares below it; without one it is
  ///     of the image's size.
  ///   - coordinator: the ranks.
  ///   - progress: where it is shown how many images are done; nil on ranks that do not speak.
  /// - Returns: what was seen, in the order of the images, on all ranks.
  /// - Throws: one line that names the file and what is wrong with it.
  package static func write(
    _ recipe: Recipe, weights: String, images: [String], to folder: String, hasLegend: Bool = true,
    coordinator: Coordinator, progress: Runs.Progress? = nil
  ) throws -> [Seen] {
    try coordinator.requireEqual(
      images.joined(separator: "\n"), "images", advice: "give folders that all hosts share")
    let names = images.map(PictureNames.stem)
    try PictureNames.requireDistinct(names, images)
    // All headers before any work: a wrong name should not wait for a thousand images.
    let (limits, turning) = (recipe.data.imageLimits, recipe.data.orientation)
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
    let count = ImageCount(progress, "predict", share: share.count, of: images.count)
    // Pixels of each class in each image: rank 0 will know them all.
    var pixels = [Int64](repeating: 0, count: images.count * classes.count)
    for index in share {
      let photo = try ImageFile.readRGB(images[index], limits: limits, turning: turning)
      let answer = try predictor.answers([photo])[0]
      guard answer.isFinite else {
        throw TrainingError.notFinite("predict: \(images[index])", weights)
      }
      let mask = answer.classes
      try pictures.write(mask, palette: classes.palette, names[index] + "_mask")
      try pictures.write(
        RGBImage(palette.seen(mask.pixels, in: Canvas(photo), hasLegend: hasLegend)),
        names[index] + "_overlay")
      for label in mask.pixels where Int(label) < classes.count {
        pixels[index * classes.count + Int(label)] += 1
      }
      count.add(1)
    }
    progress?.close()
    coordinator.reducer.sum(&pixels)
    return images.indices.map { index in
      let own = pixels[index * classes.count..<(index + 1) * classes.count]
      let total = Double(max(own.reduce(0, +), 1))
      return Seen(
        image: images[index], mask: pictures.file(names[index] + "_mask"),
        overlay: pictures.file(names[index] + "_overlay"),
        shares: zip(classes.names, own).reduce(into: [:]) { shares, item in
          if item.1 > 0 { shares[item.0, default: 0] += Double(item.1) / total }
        })
    }
  }
}
