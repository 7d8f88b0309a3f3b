import Foundation

extension Scaling {
  /// Tables of the series, then of the projection with its assumptions.
  package var table: String {
    var lines: [String] = []
    for series in weak + strong {
      lines.append("\(series.kind): \(series.title)")
      lines.append(
        Self.row([
          "ranks", "batch", "ms", "processor", "images/s", "efficiency", "exposed", "sums",
        ]))
      for point in series.points {
        lines.append(
          Self.row([
            "\(point.ranks)", "\(point.batchSize)", Self.milliseconds(point.seconds),
            Self.milliseconds(point.processorSeconds),
            String(format: "%.2f", point.imagesPerSecond), Self.percent(point.efficiency),
            Self.percent(point.exposedShare), Self.percent(point.collectiveShare),
          ]))
      }
      lines.append("")
    }
    lines += [
      "processor: ms of processor time a rank; efficiency: images a second and rank, beside the",
      "first line; exposed: share of the step in which gradients are waited for; sums: share inside",
      "the small sums of BatchNorm and difficulty, waiting for the last rank included",
    ]
    return (lines + (projection?.lines ?? [])).joined(separator: "\n")
  }

  /// A picture of the efficiency over the ranks, SVG.
  package var picture: String {
    var series = (weak + strong).map { series in
      ("\(series.kind), \(series.title)", series.points.map { ($0.ranks, $0.efficiency) })
    }
    if let projection {
      // More would leave no room for what was measured.
      let points = projection.points.prefix(3).map { ($0.ranks, $0.efficiency) }
      series.append(("projected, \(projection.images) images a rank", points))
    }
    return LineChart(
      title: "images a second and rank, percent, by the number of ranks",
      series: series.enumerated().map { index, series in
        LineChart.Series(
          name: series.0, points: series.1.map { (x: Double($0.0), y: 100 * $0.1) },
          colour: index % PageStyle.colourCount)
      }, isFromZero: true
    ).picture
  }

  fileprivate static func row(_ cells: [String]) -> String {
    cells.enumerated().map { index, cell in
      String(repeating: " ", count: max((index == 0 ? 5 : 11) - cell.count, 1)) + cell
    }.joined()
  }

  fileprivate static func milliseconds(_ seconds: Double) -> String {
    String(format: "%.1f", 1e3 * seconds)
  }

  fileprivate static func percent(_ share: Double) -> String {
    String(format: "%.1f %%", 100 * share)
  }
}

extension Scaling.Series {
  /// What stays equal.
  var title: String { kind == "weak" ? "\(images) images a rank" : "\(images) images in all" }
}

extension ScalingProjection {
  /// A table, and what it assumes.
  fileprivate var lines: [String] {
    let rows = points.map { point in
      Scaling.row([
        "\(point.ranks)", "\(point.ranks * images)", Scaling.milliseconds(point.seconds),
        String(format: "%.2f", point.imagesPerSecond), Scaling.percent(point.efficiency),
      ])
    }
    let link = String(format: "%.2f GB/s", linkBytesPerSecond / 1e9)
    return [
      "", "projected, not measured: \(images) images a rank",
      Scaling.row(["ranks", "batch", "ms", "images/s", "efficiency"]),
    ] + rows + [
      "assumed: each rank has the share of cores and memory that the \(measuredRanks) measured ones "
        + "had, and computes",
      "\(Scaling.milliseconds(computeSeconds)) ms a step by itself; small sums take "
        + "\(Scaling.milliseconds(collectiveSeconds)) ms on "
        + "\(measuredRanks) ranks and longer with log2 of the ranks; "
        + String(format: "%.1f MB of gradients", Double(gradientBytes) / 1e6),
      "go round a ring over links of \(link) a rank ("
        + (isLinkGiven ? "as given" : "as measured between these ranks")
        + "), behind backward's \(Scaling.milliseconds(backwardSeconds)) ms;",
      "no rank is slower than those measured; the first line is what that makes of the measured ranks.",
    ]
  }
}
