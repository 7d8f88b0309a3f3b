import Datasets
import Steps

/// Which of the samples that were found train, and which validate; none does both.
struct FoundSplit {
  /// How it was decided.
  enum Way {
    /// Folders of their own.
    case given
    /// Folders called train and val.
    case folders
    /// The hashes of their names.
    case names
  }

  /// The folder above all of them; absolute.
  let root: String
  /// Paths below the root.
  let training: [(image: String, label: String)]
  /// Paths below the root.
  let validation: [(image: String, label: String)]
  /// How it was decided.
  let way: Way

  /// Divides samples.
  ///
  /// - Parameter found: what trains, and, if there are folders of their own, what validates.
  /// - Throws: `TrainingError` (exit code 65) if there are too few, or some would do both.
  init(_ found: [FoundSamples]) throws(TrainingError) {
    root = FoundSamples.root(of: found.flatMap { [$0.images, $0.labels] })
    let samples = found[0].samples(below: root)
    if found.count > 1 {
      way = .given
      training = samples
      validation = found[1].samples(below: root)
      let validating = Set(validation.map(\.image))
      let both = training.filter { validating.contains($0.image) }
      guard both.isEmpty else {
        throw TrainingError(
          .badData,
          "--validation-images: found \(both.count) images that train too, first \(both[0].image); "
            + "expected others; give another folder, or none")
      }
      return
    }
    guard samples.count > 1 else {
      throw TrainingError(
        .badData,
        "--images: found \(samples.count) image with labels; expected two at least, one of which "
          + "validates; add images")
    }
    // Their names below their own folder, so that they may be moved.
    let names = found[0].files.pairs.map(\.image)
    if let parts = NameSplit.folders(of: names) {
      way = .folders
      training = parts.training.map { samples[$0] }
      validation = parts.validation.map { samples[$0] }
    } else {
      way = .names
      let places = NameSplit.validation(of: names)
      training = samples.indices.filter { !places.contains($0) }.map { samples[$0] }
      validation = samples.indices.filter(places.contains).map { samples[$0] }
    }
  }
}
