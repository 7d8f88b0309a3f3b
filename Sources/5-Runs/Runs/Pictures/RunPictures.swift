import Datasets
import Difficulty
import EventFiles
import Foundation
import ImageIO
import Networks
import Pictures
import Recipes
import Steps

/// Pictures of the same few validation images as training goes on, on rank 0.
///
/// They lie in the run folder as `pictures/NAME/iteration_0000100.png`. The teacher sees each image
/// once.
final class RunPictures {
  private struct Subject {
    let sample: InspectedSample
    let photo: RGBImage
    let labels: GrayImage?
    let taught: TaskLoss.Heads?
  }

  private let artist: DifficultyArtist
  private let folder: String
  private let wanted: [InspectedSample]
  private lazy var subjects = Result { try wanted.map(subject) }

  /// Pictures of the first validation images of a recipe.
  init(
    _ recipe: Recipe, student: SegmentationNetwork, teacher: Teacher?,
    folder: String, threadCount: Int
  ) throws {
    artist = DifficultyArtist(
      recipe, student: student, teacher: teacher, threadCount: threadCount)
    self.folder = folder
    let finder = try SampleFinder(recipe)
    wanted = try (0..<min(recipe.evaluation.pictures, finder.validationCount)).map {
      try finder.sample("\($0)")
    }
  }

  /// Draws what the student makes of the images now, into files and `events`.
  func draw(iteration: Int, events: RunEvents?) throws {
    for subject in try subjects.get() {
      let sample = subject.sample
      let (panel, maps) = try artist.draw(
        title: "\(sample.title), iteration \(iteration)", photo: subject.photo,
        labels: subject.labels, taught: subject.taught)
      let picture = RGBImage(panel.picture())
      let pictures = try PictureFolder("\(folder)/\(sample.name)", isDurable: true)
      let name = "iteration_" + String(format: "%07d", iteration)
      try pictures.write(picture, name)
      events?.add(
        picture, file: "\(pictures.path)/\(name).png", maps, name: sample.name,
        iteration: iteration)
    }
  }

  private func subject(_ sample: InspectedSample) throws -> Subject {
    let (photo, labels) = try sample.read()
    return Subject(
      sample: sample, photo: photo, labels: labels, taught: try artist.taught(photo))
  }
}
