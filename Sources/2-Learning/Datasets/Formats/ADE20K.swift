/// ADE20K scene parsing: 1 to 150 are the classes; 0 is ignored.
enum ADE20K {
  static let card = FormatCard(
    name: "ade20k", title: "ADE20K", meaning: "ADE20K (0 ignored)", classes: .ade20k,
    values: { count in (0..<count).map { UInt8($0 + 1) } }, ignored: [0],
    recognise: { labels in
      guard labels.highest == 150, labels.values.contains(0), !labels.values.contains(255) else {
        return nil
      }
      return FormatCard.Recognition(questions: [
        "0 is taken for ADE20K's 'ignored'. If it is a class: format: train_ids, num_classes: 151."
      ])
    })
}

extension ClassList {
  /// The 150 classes of the ADE20K scene parsing benchmark, numbered from 0.
  package static let ade20k = ClassList(count: 150)
}
