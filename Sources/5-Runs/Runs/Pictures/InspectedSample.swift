import Datasets
import ImageIO
import Recipes
import Steps

/// An image that `rdd maps` is asked for.
package struct InspectedSample {
  /// What to call it in the picture.
  package let title: String
  /// What to call its picture.
  package let name: String
  /// Reads it; labels are nil where the recipe's lists have none.
  package let read: () throws -> (photo: RGBImage, labels: GrayImage?)
}

/// Finds the images that `rdd maps` is asked for.
package struct SampleFinder {
  private let sources: DataSources
  private let limits: ImageLimits
  private let turning: Turning

  /// A finder among a recipe's images.
  package init(_ recipe: Recipe) throws {
    sources = try DataSources(recipe.data)
    limits = recipe.data.imageLimits
    turning = recipe.data.orientation
  }

  /// How many validation samples there are.
  package var validationCount: Int { sources.validation.count }

  /// The sample of an argument: a number is the index of a validation sample, from 0; all else is
  /// a file, whose labels the validation list knows, or the training list, or nobody.
  package func sample(_ argument: String) throws -> InspectedSample {
    if let index = Int(argument) { return try validationSample(index) }
    _ = try ImageFile.header(argument, limits: limits, turning: turning)
    let title = PictureNames.stem(argument)
    for source in [sources.validation, sources.training] {
      guard let dataset = source as? ListDataset,
        let index = dataset.list.index(ofImage: argument)
      else { continue }
      return labelled(dataset, index, title: title)
    }
    return InspectedSample(title: title, name: PictureNames.fileName(title)) { [limits, turning] in
      (try ImageFile.readRGB(argument, limits: limits, turning: turning), nil)
    }
  }

  private func validationSample(_ index: Int) throws(TrainingError) -> InspectedSample {
    let source = sources.validation
    guard (0..<source.count).contains(index) else {
      throw TrainingError(
        .missingInput,
        "IMAGE: found \(index); expected the index of a validation sample, 0 to "
          + "\(source.count - 1), or an image's path; correct it")
    }
    let name = source.name(index)
    return labelled(source, index, title: source is ListDataset ? PictureNames.stem(name) : name)
  }

  private func labelled(
    _ source: any SampleSource, _ index: Int, title: String
  ) -> InspectedSample {
    InspectedSample(title: title, name: PictureNames.fileName(title)) {
      let sample = try source.sample(index)
      return (sample.image, sample.labels)
    }
  }
}
