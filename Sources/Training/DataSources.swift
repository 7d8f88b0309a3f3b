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
        seed: UInt64(scenes.seed), part: .training, count: scenes.trainCount,
        width: scenes.width, height: scenes.height)
      validation = SceneSet(
        seed: UInt64(scenes.seed), part: .validation, count: scenes.validationCount,
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
    return ListDataset(list: try ListFile(path: path, root: root), encoding: data.encoding)
  }

  /// A source that keeps decoded images in memory, up to the recipe's bound.
  static func cached(_ source: any SampleSource, _ data: Recipe.Data) -> any SampleSource {
    data.cacheMebibytes > 0
      ? CachedSource(source, maximumBytes: data.cacheMebibytes << 20) : source
  }
}

extension Recipe.Data {
  /// How the label files name classes.
  var encoding: LabelEncoding {
    switch format {
    case .cityscapes: .cityscapes
    case .camvid: .camvid
    case .voc: .voc
    case .ade20k: .ade20k
    case .trainIDs: .trainIDs(ClassList(count: classCount))
    }
  }
}
