/// The images of one folder and the label files of another, paired by their names.
///
/// A pair lies in folders of the same name, and its files are called the same but for their endings and
/// for words such as `_label` or `_leftImg8bit` (`NameStem`).
package struct FolderPairs: Sendable {
  /// An image and its label file, each relative to its folder.
  package struct Pair: Equatable, Sendable {
    /// The image.
    package let image: String
    /// Its label file.
    package let label: String
  }

  /// The pairs, in the order of the images.
  package private(set) var pairs: [Pair] = []
  /// Images without a label file.
  package private(set) var imagesAlone: [String] = []
  /// Label files without an image; files beside labels, of colours and instances, are none.
  package private(set) var labelsAlone: [String] = []
  /// Words in the names of the paired label files, in small letters; empty of those that have none.
  package private(set) var labelWords: Set<String> = []

  /// Pairs files.
  ///
  /// - Parameters:
  ///   - images: paths relative to the folder of the images.
  ///   - labels: paths relative to the folder of the labels.
  /// - Throws: `DatasetError` if one label file would belong to two images, or an image has two that are
  ///   equally good.
  package init(images: [String], labels: [String]) throws(DatasetError) {
    let ranks = Dictionary(uniqueKeysWithValues: zip(NameStem.labelWords, 0...))
    var candidates: [String: [Candidate]] = [:]
    var keys: [Set<String>] = []
    for label in labels {
      let stem = NameStem(label, words: NameStem.otherWords + NameStem.labelWords)
      keys.append(Set([stem.whole, stem.base].compactMap { $0 }))
      let rank = stem.word.map { ranks[$0] ?? .max }
      // Something beside labels is a label only of an image that is called the same.
      candidates[stem.whole, default: []].append(Candidate(path: label, word: "", rank: -1))
      if let base = stem.base, let word = stem.word, let rank, rank != .max {
        candidates[base, default: []].append(Candidate(path: label, word: word, rank: rank))
      }
    }
    var owners: [String: String] = [:]
    var known: Set<String> = []
    for image in images {
      let stem = NameStem(image, words: NameStem.imageWords)
      known.insert(stem.whole)
      if let base = stem.base { known.insert(base) }
      let found = candidates[stem.whole] ?? stem.base.flatMap { candidates[$0] } ?? []
      guard let best = found.min(by: { $0.rank < $1.rank }) else {
        imagesAlone.append(image)
        continue
      }
      if let other = found.first(where: { $0.rank == best.rank && $0.path != best.path }) {
        throw DatasetError(
          .list, at: image,
          "two label files, \(best.path) and \(other.path); expected one; give a folder that holds one "
            + "of each image")
      }
      if let owner = owners.updateValue(image, forKey: best.path) {
        throw DatasetError(
          .list, at: best.path,
          "two images, \(owner) and \(image); expected one; remove one of them")
      }
      labelWords.insert(best.word)
      pairs.append(Pair(image: image, label: best.path))
    }
    for (label, keys) in zip(labels, keys) where keys.isDisjoint(with: known) {
      labelsAlone.append(label)
    }
  }

  private struct Candidate {
    let path: String
    let word: String
    /// The place of its word; lower is better.
    let rank: Int
  }
}
