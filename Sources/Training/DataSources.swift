import Datasets
import Foundation
import Recipes

/// A recipe's images, for training and for validation.
public struct DataSources: Sendable {
  /// What is trained on.
  public let training: any SampleSource
  /// What the student is measured on.
  public let validation: any SampleSource

  /// Opens the lists, or sets up the scenes, of a recipe.
  ///
  /// - Throws: `DatasetError` that names the list and the line.
  public init(_ data: Recipe.Data) throws {
    switch data.kind {
    case .scenes:
      let scenes = data.scenes
      training = SceneSet(
        .training, seed: UInt64(scenes.seed), count: scenes.trainCount, width: scenes.width,
        height: scenes.height)
      validation = SceneSet(
        .validation, seed: UInt64(scenes.seed), count: scenes.validationCount,
        width: scenes.width, height: scenes.height)
    case .list:
      let root = data.root ?? FileManager.default.currentDirectoryPath
      training = try Self.list(data.trainList, root: root, data)
      validation = try Self.list(data.validationList, root: root, data)
    }
  }

  private static func list(_ name: String, root: String, _ data: Recipe.Data) throws -> ListDataset
  {
    let path = name.hasPrefix("/") ? name : root + "/" + name
    guard
      let encoding = LabelEncoding(named: data.format.rawValue, classCount: data.classCount)
    else {
      throw TrainingError(
        .badData, "data.format: found \(data.format.rawValue) with \(data.classCount) classes; "
          + "expected a format that has them; set data.num_classes")
    }
    return ListDataset(list: try ListFile(path: path, root: root), encoding: encoding)
  }

  /// A source that keeps decoded images in memory, up to the recipe's bound.
  static func cached(_ source: any SampleSource, _ data: Recipe.Data) -> any SampleSource {
    data.cacheMebibytes > 0
      ? CachedSource(source, maximumBytes: data.cacheMebibytes << 20) : source
  }
}
