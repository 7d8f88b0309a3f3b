/// Class indices as they are; 255 is ignored. How many there are, the user says.
enum TrainIDs {
  static let card = FormatCard(
    name: "train_ids", title: "class indices", meaning: "indices (255 ignored)")
}
