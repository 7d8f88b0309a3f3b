import ImageIO

/// Cityscapes' `gtFine_labelIds`: ids 0 to 33, of which 19 are trained; the rest and 255 (the license
/// plate's -1) are ignored.
enum Cityscapes {
  static let card = FormatCard(
    name: "cityscapes", title: "Cityscapes", meaning: "Cityscapes ids",
    classes: .cityscapes, crop: CropSize(height: 512, width: 1024), classWeights: classWeights,
    values: { _ in ids }, ignored: Set(0...33).union([ignoreIndex]),
    recognise: { labels in
      let hasIDs = !labels.words.isEmpty && labels.words.allSatisfy { $0.hasSuffix("labelids") }
      return hasIDs && labels.highest < 34 ? FormatCard.Recognition() : nil
    })

  /// The ids of the classes, in the order of the classes.
  private static let ids: [UInt8] = [
    7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33,
  ]

  /// The 19 class weights of the authors' scripts, in train-id order.
  private static let classWeights: [Float] = [
    0.8373, 0.918, 0.866, 1.0345, 1.0166, 0.9969, 0.9754, 1.0489, 0.8786, 1.0023,
    0.9539, 0.9843, 1.1116, 0.9037, 1.0865, 1.0955, 1.0865, 1.1529, 1.0507,
  ]
}

extension ClassList {
  /// The 19 classes of Cityscapes that are trained and scored.
  package static let cityscapes = ClassList(table: [
    ("road", 128, 64, 128), ("sidewalk", 244, 35, 232), ("building", 70, 70, 70),
    ("wall", 102, 102, 156), ("fence", 190, 153, 153), ("pole", 153, 153, 153),
    ("traffic light", 250, 170, 30), ("traffic sign", 220, 220, 0),
    ("vegetation", 107, 142, 35), ("terrain", 152, 251, 152), ("sky", 70, 130, 180),
    ("person", 220, 20, 60), ("rider", 255, 0, 0), ("car", 0, 0, 142), ("truck", 0, 0, 70),
    ("bus", 0, 60, 100), ("train", 0, 80, 100), ("motorcycle", 0, 0, 230),
    ("bicycle", 119, 11, 32),
  ])
}

extension LabelEncoding {
  /// Cityscapes' ids.
  package static let cityscapes = LabelEncoding(format: .cityscapes, classes: .cityscapes)
}
