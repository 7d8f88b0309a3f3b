import ImageIO

/// PASCAL VOC: palette index 0 to 20; 255 is ignored. Its lists may hold ids alone.
enum PascalVOC {
  static let card = FormatCard(
    name: "voc", title: "VOC", meaning: "VOC (255 ignored)", classes: .voc,
    ids: FormatCard.IDFolders(
      images: "JPEGImages", labels: ["SegmentationClassAug", "SegmentationClass"]),
    recognise: { labels in
      labels.folder.contains("/SegmentationClass") && labels.highest < 21
        ? FormatCard.Recognition() : nil
    })
}

extension ClassList {
  /// The 21 classes of PASCAL VOC, background first.
  package static let voc = ClassList(
    names: [
      "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair",
      "cow", "dining table", "dog", "horse", "motorbike", "person", "potted plant", "sheep",
      "sofa", "train", "tv monitor",
    ], colours: distinctColours(21))
}
