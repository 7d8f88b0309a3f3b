import Datasets

extension Recipe {
  /// Pixels that count as hard at least, of an image of 512 x 1024: the scripts' 100000 for the four
  /// such images of a rank.
  private static let minimumKeptPerImage = 25_000.0 / (512 * 1024)

  /// The warm-up of a run whose recipe does not say one: a tenth, as in the published scripts.
  static func warmup(of iterations: Int) -> Int { iterations / 10 }

  /// Fills in the values that follow from others, so that the resolved recipe says them.
  mutating func deriveDefaults() {
    if data.classCount == 0 {
      data.classCount =
        data.kind == .scenes
        ? data.scenes.classes.members.count
        : data.format.card.classes?.count ?? data.ownClasses.list.count
    }
    let scene = CropSize(height: data.scenes.height, width: data.scenes.width)
    let crop = data.kind == .scenes ? scene : data.format.card.crop
    if data.cropHeight == 0 { data.cropHeight = crop.height }
    if data.cropWidth == 0 { data.cropWidth = crop.width }
    if distill.warmup == nil {
      distill.warmup = Self.warmup(of: train.iterations)
      derived.paths.insert("distill.warmup_iterations")
    }
    if distill.classWeights == .auto {
      distill.classWeights =
        data.kind == .list && data.format.card.classWeights != nil ? .published(data.format) : .none
      derived.paths.insert("distill.class_weights")
    }
    if distill.ohem.minimumKept == nil, distill.ohem.minimumKeptUnit != .rank {
      let images = distill.ohem.minimumKeptUnit == .batch ? train.batchSize : 1
      let pixels = Double(images * data.cropHeight * data.cropWidth)
      distill.ohem.minimumKept = Int((Self.minimumKeptPerImage * pixels).rounded())
    }
  }

  /// Pixels that count as hard at least, of a part of the global batch.
  ///
  /// With global statistics the part is the whole batch, with local ones it is a rank's images.
  ///
  /// - Parameter imageCount: the part's images.
  /// - Returns: k for that part; in proportion to the batch where the recipe counts it for the batch.
  package func minimumKept(ofImages imageCount: Int) -> Int {
    let kept = distill.ohem.minimumKept ?? 0
    switch distill.ohem.minimumKeptUnit {
    case .batch:
      if imageCount == train.batchSize { return kept }
      return Int((Double(kept) * Double(imageCount) / Double(train.batchSize)).rounded())
    case .image: return kept * imageCount
    case .rank: return kept
    }
  }
}
