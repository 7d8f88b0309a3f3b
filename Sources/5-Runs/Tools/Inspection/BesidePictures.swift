import DataParallel
import Datasets
import Foundation
import ImageIO
import Logging
import Networks
import Pictures
import Recipes
import Runs
import Steps
import Torch

/// Two students beside each other: `rdd maps --beside`.
package enum BesidePictures {
  /// Writes one picture an image as `NAME_beside.png`: photo, labels, what two students see, and where
  /// only one of them is right. Collective: the ranks share the pictures.
  ///
  /// - Parameters:
  ///   - recipe: the students' network and classes.
  ///   - weights: the first student's; nil for the recipe's.
  ///   - other: the second student's.
  ///   - images: as `SampleFinder` takes them, with labels. None: the validation sample in which the
  ///     shares of right pixels differ most, for which every rank looks at all of them.
  ///   - folder: where the pictures go; made if missing.
  ///   - coordinator: the ranks.
  /// - Returns: how many pictures there are.
  /// - Throws: one line that names the file and what is wrong with it.
  package static func write(
    _ recipe: Recipe, weights: String?, beside other: String, images: [String],
    to folder: String, coordinator: Coordinator
  ) throws -> Int {
    guard let weights = weights ?? recipe.student.weights else {
      throw TrainingError(
        .missingInput,
        "student: found no weights; expected those of a trained student; add --weights FILE")
    }
    let finder = try SampleFinder(recipe)
    let samples = try (images.isEmpty ? (0..<finder.validationCount).map(String.init) : images)
      .map(finder.sample)
    let pictures = try PictureFolder(folder)
    let device = try recipe.device(localRank: coordinator.world.localRank)
    let artist = BesideArtist(
      recipe,
      students: try [weights, other].map { file in
        (name(file), try NetworkFactory.student(recipe, device: device, weights: file))
      })
    let share =
      images.isEmpty
      ? samples.indices
      : Shard.range(of: samples.count, rank: coordinator.rank, worldSize: coordinator.worldSize)
    let progress = coordinator.isLead ? Progress(Logger(label: "rdd")) : nil
    let count = ImageCount(progress, "maps", share: share.count, of: samples.count)
    if images.isEmpty {
      var most: (gain: Double, name: String, panel: BesidePanel)?
      for sample in samples {
        let panel = try artist.panel(sample)
        if abs(panel.gain) > most.map({ abs($0.gain) }) ?? -1 {
          most = (panel.gain, sample.name, panel)
        }
        count.add(1)
      }
      if let most, coordinator.isLead {
        try pictures.write(RGBImage(most.panel.picture()), most.name + "_beside")
      }
    } else {
      try PictureNames.requireDistinct(samples.map(\.name), images)
      for sample in samples[share] {
        let panel = try artist.panel(sample)
        try pictures.write(RGBImage(panel.picture()), sample.name + "_beside")
        count.add(1)
      }
    }
    progress?.close()
    try coordinator.world.communicator.barrier()
    return images.isEmpty ? 1 : images.count
  }

  /// What a student is called: its run, or the name of its file.
  static func name(_ file: String) -> String {
    let stem = PictureNames.stem(file)
    let folder = URL(fileURLWithPath: file).deletingLastPathComponent().lastPathComponent
    return ["best", "student"].contains(stem) && !folder.isEmpty ? folder : stem
  }
}

/// Draws what two students make of an image.
private struct BesideArtist {
  let recipe: Recipe
  let students: [(name: String, network: SegmentationNetwork)]
  let palette: ClassPalette

  init(_ recipe: Recipe, students: [(name: String, network: SegmentationNetwork)]) {
    (self.recipe, self.students) = (recipe, students)
    palette = ClassPalette(recipe.data.classes)
  }

  func panel(_ sample: InspectedSample) throws -> BesidePanel {
    let (photo, labels) = try sample.read()
    guard let labels else {
      throw TrainingError(
        .missingInput,
        "IMAGE: \(sample.title): found no labels; expected an image of the recipe's lists; without labels "
          + "nobody knows which student is right; use rdd predict")
    }
    let seen = try students.map { name, network in
      try network.prepare(for: Pair(photo.height, photo.width))
      let heads = Autograd.withoutHistory {
        network(
          Tensor.images([photo]).to(network.parameterType, device: network.device),
          .evaluation(precision: recipe.train.precision.elementType)
        ).hostHeads
      }
      guard heads.areFinite else { throw TrainingError.notFinite("maps: \(sample.title)", name) }
      return BesidePanel.Student(
        name, heads.main.classes(height: photo.height, width: photo.width)[0].pixels)
    }
    return BesidePanel(
      title: sample.title, photo: Canvas(photo), labels: labels.pixels, palette: palette,
      first: seen[0], second: seen[1])
  }
}
