import Foundation
import Runs

extension ReportPage {
  /// A table of each list of classes: numbers of one never stand under names of another.
  var classes: String {
    var groups: [[Int]] = []
    for run in runs.indices {
      let names = runs[run].last.classNames
      if let place = groups.firstIndex(where: { runs[$0[0]].last.classNames == names }) {
        groups[place].append(run)
      } else {
        groups.append([run])
      }
    }
    return groups.map(table).joined()
  }

  /// The classes of runs that have the same.
  private func table(_ members: [Int]) -> String {
    let first = runs[members[0]].last
    let isOneMeasure = members.allSatisfy { runs[$0].obstacles(to: runs[members[0]]).isEmpty }
    let shares = isOneMeasure ? members.lazy.compactMap { runs[$0].last.pixelShares }.first : nil
    func row(_ name: String, share: Double?, _ values: [Double?]) -> Table.Row {
      let cells = zip(members, values).map { run, value -> Table.Cell in
        value.map { .share($0, colour: colour(run)) } ?? .number("absent")
      }
      let marked = isOneMeasure ? Table.Cell.marking(cells, by: values) : cells
      let ofPixels: [Table.Cell] =
        shares == nil ? [] : [share.map { .number(Self.percent($0)) } ?? .nothing]
      return Table.Row(name, ofPixels + marked)
    }
    let rows = first.classNames.indices.map { index in
      row(
        first.classNames[index], share: shares?[index],
        members.map { runs[$0].last.classIoU[index] })
    }
    let mean = row("mean", share: nil, members.map { runs[$0].last.meanIoU })
    return Table(
      caption: "IoU of each class: \(members.map { names[$0] }.joined(separator: ", "))"
        + (isOneMeasure ? "" : "; not all measured on the same"),
      columns: ["class"] + (shares == nil ? [] : ["pixels %"]) + members.map { names[$0] },
      rows: rows + [mean]
    ).html
  }

  /// The most classes whose matrix is drawn: beyond, the largest mistakes are listed.
  private static let classesInMatrix = 40
  private static let mistakesListed = 20

  /// The confusion of each run that tells it.
  var confusion: String {
    let known = runs.indices.filter { runs[$0].last.counts != nil }
    return known.map { run in
      "<details\(known.count == 1 ? " open" : "")><summary>\(Markup.escaped(names[run]))</summary>"
        + matrix(run) + "</details>\n"
    }.joined()
  }

  private func matrix(_ run: Int) -> String {
    let line = runs[run].last
    guard let counts = line.counts else { return "" }
    let classes = line.classNames
    guard classes.count <= Self.classesInMatrix else { return mistakes(run, counts, classes) }
    let rows = zip(classes, counts).map { name, row in
      let total = Double(row.reduce(0, +))
      return Table.Row(
        name, row.map { total > 0 ? .shade(Double($0) / total) : .nothing })
    }
    return Table(
      caption: "\(names[run]): of the pixels labelled as the row, percent predicted as the column",
      columns: ["labelled"] + classes, rows: rows, isUpright: true
    ).html
  }

  private func mistakes(_ run: Int, _ counts: [[Int64]], _ classes: [String]) -> String {
    let pairs = counts.indices.flatMap { label in
      counts.indices.filter { $0 != label && counts[label][$0] > 0 }.map { (label, $0) }
    }
    let total = Double(max(counts.joined().reduce(0, +), 1))
    let largest = pairs.sorted { counts[$0.0][$0.1] > counts[$1.0][$1.1] }
      .prefix(Self.mistakesListed)
    let rows = largest.map { label, guess in
      let count = Double(counts[label][guess])
      let ofLabel = count / Double(max(counts[label].reduce(0, +), 1))
      return Table.Row(
        classes[label],
        [
          .text(classes[guess]), .number(Self.percent(ofLabel)),
          .number(Self.percent(count / total)),
        ])
    }
    return Table(
      caption: "\(names[run]): the \(rows.count) largest mistakes",
      columns: ["labelled", "predicted", "of the labelled class %", "of all pixels %"], rows: rows
    ).html
  }
}

extension ValidationLine {
  /// The confusion as counts `[label][prediction]`; nil if the line has none, or one of another size or
  /// of numbers that no set of images has.
  fileprivate var counts: [[Int64]]? {
    guard let confusion, confusion.count == classNames.count,
      confusion.allSatisfy({ row in
        row.count == classNames.count && row.allSatisfy { (0...1 << 46).contains($0) }
      })
    else { return nil }
    return confusion
  }

  /// The share of the labelled pixels that each class has.
  fileprivate var pixelShares: [Double]? {
    guard let counts else { return nil }
    let sums = counts.map { Double($0.reduce(0, +)) }
    let total = sums.reduce(0, +)
    return total > 0 ? sums.map { $0 / total } : nil
  }
}
