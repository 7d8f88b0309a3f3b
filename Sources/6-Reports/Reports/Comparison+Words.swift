import Foundation

extension Comparison {
  /// What the comparison comes to: one sentence or more, the first about what was compared.
  var sentences: [String] {
    let which = weights == .last ? "the last weights" : "the best weights"
    guard rows.count > 1 else {
      let row = rows[0]
      let seeds = row.seeds.count == 1 ? "one run" : "\(row.seeds.count) runs of other seeds"
      return [
        "\(row.name) reaches a mean IoU of \(row.meanIoU.text) % with \(which), in \(seeds) on "
          + "\(row.images) validation images\(row.isUnfinished ? "; it is not finished" : "").",
        row.seeds.count == 1
          ? "There is no other run on this page to compare it with." : "",
      ].filter { !$0.isEmpty }
    }
    let images = Set(rows.map(\.images))
    let on = images.count == 1 ? ", on \(rows[0].images) validation images" : ""
    var sentences = ["Compared by the mean IoU of \(which), in percent\(on)."]
    sentences += pairs.map(sentence)
    if pairs.contains(where: { $0.difference.map { $0.halfWidth == nil } ?? false }) {
      sentences.append(
        "One seed says nothing about methods: with another seed each run would come out otherwise. "
          + "Train each with three seeds or more.")
    }
    let unfinished = rows.filter(\.isUnfinished).map(\.name)
    if !unfinished.isEmpty {
      sentences.append("Not finished: \(unfinished.joined(separator: ", ")).")
    }
    return sentences
  }

  private func sentence(_ pair: Pair) -> String {
    guard let difference = pair.difference else {
      return "\(pair.first) and \(pair.second) are not compared: \(pair.obstacle ?? "")."
    }
    let size = String(format: "%.2f", abs(difference.mean))
    let place =
      difference.mean == 0
      ? "is equal to \(pair.second)"
      : "is \(size) points \(difference.mean > 0 ? "above" : "below") \(pair.second)"
    guard let halfWidth = difference.halfWidth else {
      return "\(pair.first) \(place), with one seed."
    }
    let interval = String(
      format: "%+.2f to %+.2f", difference.mean - halfWidth, difference.mean + halfWidth)
    let basis = difference.pairs.map { "\($0) pairs of equal seed" } ?? "no seed in common"
    return "\(pair.first) \(place), 95 % interval \(interval) (\(basis)): "
      + (difference.isClear ? "clear." : "within the noise.")
  }
}
