import ImageIO

/// CamVid in 11 classes: 0 to 10; 11 is ignored.
enum CamVid {
  static let card = FormatCard(
    name: "camvid", title: "CamVid", meaning: "CamVid (11 ignored)",
    classes: .camvid, crop: CropSize(height: 360, width: 360), ignored: [11],
    recognise: { labels in
      guard labels.highest == 11, !labels.values.contains(255), labels.named.count > 8 else {
        return nil
      }
      return FormatCard.Recognition(questions: [
        "11 is taken for CamVid's 'ignored'. If it is a class: format: train_ids, num_classes: 12."
      ])
    })
}

extension ClassList {
  /// The 11 classes of CamVid in the grouping of the SegNet work.
  package static let camvid = ClassList(table: [
    ("sky", 128, 128, 128), ("building", 128, 0, 0), ("pole", 192, 192, 128),
    ("road", 128, 64, 128), ("pavement", 60, 40, 222), ("tree", 128, 128, 0),
    ("sign symbol", 192, 128, 128), ("fence", 64, 64, 128), ("car", 64, 0, 128),
    ("pedestrian", 64, 64, 0), ("bicyclist", 0, 128, 192),
  ])
}
