import WeightFiles

/// What the program knows of one network of the zoo. Its family's file makes it, and `NetworkTable` lists
/// it; nothing else knows a network by its name.
package struct NetworkCard: Sendable {
  /// The name that recipes and files use, as `deeplabv3_resnet18`.
  package let name: String
  /// The name in words, as `DeepLabV3 on ResNet-18`.
  package let title: String
  /// Whether it has an auxiliary head, which the early stage asks of a teacher.
  package let hasAuxiliaryHead: Bool
  /// How its layers want their images normalised; `SegmentationNetwork` converts them.
  package var input = InputNormalisation.bgrMinusMean
  /// What the names of its backbone's tensors begin with, and files of a backbone alone lack.
  package let backbonePrefix: String
  /// The tensor whose first size is the number of channels that the main classifier reads.
  let widthTensor: String
  /// The main classifier's bias, `[C]`.
  let classifierBias: String
  /// The layers: names, classes, and the channels before the classifier (nil: the published ones).
  let body: @Sendable (_ scope: Scope, _ classes: Int, _ width: Int?) -> any NetworkBody

  /// The channels before the classifier that a file's tensors have; nil if they do not say.
  package func width(in archive: TensorArchive) -> Int? {
    // A width that no network has stays out, and the tensor is named as one that does not fit.
    archive.tensor(endingWith: widthTensor)?.shape.first
      .flatMap { (1...4096).contains($0) ? $0 : nil }
  }

  /// The number of classes that a file's classifier has; nil if the file has none.
  package func classCount(in archive: TensorArchive) -> Int? {
    archive.tensor(endingWith: classifierBias)?.shape.first
  }

  /// Whether a file holds more than a backbone alone.
  package func isWhole(_ archive: TensorArchive) -> Bool {
    archive.tensor(endingWith: classifierBias) != nil
      || archive.tensors.contains {
        $0.name.hasPrefix(backbonePrefix) || $0.name.contains("." + backbonePrefix)
      }
  }
}

extension TensorArchive {
  /// The tensor of this name, or the first whose name ends with it after a point.
  fileprivate func tensor(endingWith name: String) -> StoredTensor? {
    self[name] ?? tensors.first { $0.name.hasSuffix("." + name) }
  }
}
