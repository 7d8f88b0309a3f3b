extension ClassPalette {
  /// What a network sees in a photo: classes laid over it, outlines where two of them meet, and below it a
  /// legend of those that occur, each with its share, the largest first.
  ///
  /// - Parameters:
  ///   - classes: `[height, width]`, of the photo's size.
  ///   - photo: the photo.
  ///   - hasLegend: without it the picture is as large as the photo.
  package func seen(_ classes: [UInt8], in photo: Canvas, hasLegend: Bool = true) -> Canvas {
    let overlay = overlay(classes, on: photo, share: 0.45)
      .outlined(classes, mask(classes, width: photo.width, height: photo.height))
    guard hasLegend else { return overlay }
    let scale = max(1, min(3, photo.width / 400))
    let gap = 6 * scale
    let width = max(photo.width, Self.leastLegend)
    let legend = Legend(shares(classes)).picture(width: width - 2 * gap, scale: scale)
    var picture = Canvas(width: width, height: photo.height + gap + legend.height)
    picture.paste(overlay, x: 0, y: 0)
    picture.paste(legend, x: gap, y: photo.height + gap)
    return picture
  }

  /// The width that a legend has at least.
  private static let leastLegend = 200

  /// The classes that occur in labels, with their shares of all pixels, the largest first.
  package func shares(_ labels: [UInt8]) -> [Legend.Entry] {
    var counts = [Int](repeating: 0, count: colours.count + 1)
    for label in labels { counts[min(Int(label), colours.count)] += 1 }
    let order = counts.indices.filter { counts[$0] > 0 }.sorted {
      (-counts[$0], $0) < (-counts[$1], $1)
    }
    return order.map { index in
      let isClass = index < colours.count
      let name = isClass ? names[index] : "ignored"
      return Legend.Entry(
        "\(name) \(Self.percent(counts[index], of: labels.count))",
        isClass ? colours[index] : ignored)
    }
  }
}

extension Canvas {
  /// The picture with the full colours of classes where one borders on another.
  ///
  /// - Parameters:
  ///   - labels: `[height, width]`.
  ///   - colours: a picture of the labels.
  fileprivate func outlined(_ labels: [UInt8], _ colours: Canvas) -> Canvas {
    let thickness = max(1, width / 700)
    var picture = self
    for row in 0..<height {
      for column in 0..<width {
        let index = row * width + column
        let isBorder = (1...thickness).contains { step in
          func differs(_ other: Int) -> Bool { labels[other] != labels[index] }
          return column >= step && differs(index - step)
            || column + step < width && differs(index + step)
            || row >= step && differs(index - step * width)
            || row + step < height && differs(index + step * width)
        }
        if isBorder { picture[index] = colours[index] }
      }
    }
    return picture
  }
}
