import Difficulty
import Torch

/// `metric`: classes of upsampled logits, confusion and scores, and the scripts' own pixel accuracy.
enum MetricFile {
  static func compute(_ file: ParityFile, _ run: ParityRun) throws(ParityError) -> ComputedTensors {
    let classCount = try file.whole("C", 1...255)
    var images: [Image] = []
    while file.has("in.\(images.count).logits_low") {
      images.append(try Image(file, index: images.count, classCount: classCount, run))
    }
    guard !images.isEmpty else {
      throw file.refused("in.0.logits_low", found: "no such tensor", expected: "an image")
    }
    let mine = run.range(of: images.count)
    var confusion = ConfusionMatrix(classCount: classCount)
    // Of each image: right pixels by truncated logits, and its confusion for the running scores.
    var counts = [Int64](repeating: 0, count: images.count * (classCount * classCount + 1))
    var computed: ComputedTensors = [:]
    var classes = images.map { [Double](repeating: 0, count: $0.labels.count) }
    var margins = [Double](repeating: 0, count: images.count)
    for index in mine {
      let image = images[index]
      let found = image.classes(run)
      classes[index] = found.map { Double($0) }
      var own = ConfusionMatrix(classCount: classCount)
      own.add(labels: image.labels, predictions: found)
      let truncated = image.truncatedClasses()
      margins[index] = image.smallestMargin()
      let start = index * (classCount * classCount + 1)
      counts[start] = Int64(zip(truncated, image.labels).count { $0 == $1 })
      counts.replaceSubrange(start + 1..<start + 1 + classCount * classCount, with: own.counts)
    }
    run.reducer.sum(&counts)
    run.reducer.sum(&margins)
    var right = 0.0
    for index in images.indices {
      run.reducer.sum(&classes[index])
      let start = index * (classCount * classCount + 1)
      right += Double(counts[start])
      for cell in confusion.counts.indices { confusion.counts[cell] += counts[start + 1 + cell] }
      let valid = max(Double(confusion.counts.reduce(0, +)), 1)
      // The scripts keep these in float32.
      let running = [right / valid, confusion.meanIntersectionOverUnion]
      computed["out.\(index).argmax"] = Computed(classes[index], .exact)
      // A difference of two float32 logits, so right to a few of their roundings only.
      computed["out.\(index).min_top2_margin"] = Computed([margins[index]], .each(0.1))
      computed["out.\(index).running_official_pixAcc_mIoU"] = Computed(running, .each(1e-6))
      computed["out.pixacc_official_truncated_logits"] = Computed([right / valid], .each(1e-12))
    }
    return computed.merging(scores(confusion)) { $1 }
  }

  private static func scores(_ confusion: ConfusionMatrix) -> ComputedTensors {
    let count = confusion.classCount
    let both = (0..<count).map { confusion.counts[$0 * count + $0] }
    let unions = (0..<count).map { c in
      (0..<count).reduce(0) {
        $0 + confusion.counts[c * count + $1] + confusion.counts[$1 * count + c]
      } - both[c]
    }
    let exact = Tolerance.each(1e-12)
    return [
      "out.confusion": Computed(exactly: confusion.counts),
      "out.intersection": Computed(exactly: both),
      "out.union": Computed(exactly: unions),
      "out.iou": Computed(confusion.intersectionOverUnion.map { $0 ?? 0 }, exact),
      "out.miou_official_absent_is_zero": Computed([confusion.meanIntersectionOverUnion], exact),
      "out.miou_present_only": Computed([confusion.meanOverPresentClasses], exact),
      "out.pixacc_correct": Computed([confusion.pixelAccuracy], exact),
    ]
  }
}

/// One image's logits and labels.
private struct Image {
  let logits: [Float]
  let shape: [Int]
  let labels: [UInt8]
  let height: Int
  let width: Int

  init(
    _ file: ParityFile, index: Int, classCount: Int, _ run: ParityRun
  ) throws(ParityError) {
    shape = try file.shape("in.\(index).logits_low", [1, classCount, -1, -1])
    logits = try file.floats("in.\(index).logits_low", shape)
    let size = try file.shape("in.\(index).target", [1, -1, -1])
    (height, width) = (size[1], size[2])
    labels = try file.labels("in.\(index).target", size, classCount: classCount)
  }

  /// The class of each pixel: by the fused sweep, or operator by operator.
  func classes(_ run: ParityRun) -> [UInt8] {
    guard run.engine == .fused else {
      let upsampled = Functional.upsample(
        run.tensor(logits, shape), height: height, width: width)
      return upsampled.argmax(1).array(Int64.self).map { UInt8($0) }
    }
    return logits.withUnsafeBufferPointer { logits in
      guard let base = logits.baseAddress else { return [] }
      return Prediction.argmax(
        base, classCount: shape[1], lowHeight: shape[2], lowWidth: shape[3], height: height,
        width: width, threadCount: run.threadCount)
    }
  }

  /// The upsampled float32 logits, `[C, H * W]`, as the published script has them.
  private var upsampled: [Float] {
    Functional.upsample(Tensor(logits, shape), height: height, width: width).array(Float.self)
  }

  /// The first class with the largest logit after the fraction is cut off.
  func truncatedClasses() -> [UInt8] {
    let values = upsampled
    let pixels = height * width
    return (0..<pixels).map { pixel in
      var best = (class: 0, value: values[pixel].rounded(.towardZero))
      for c in 1..<max(shape[1], 1) {
        let value = values[c * pixels + pixel].rounded(.towardZero)
        if value > best.value { best = (c, value) }
      }
      return UInt8(best.class)
    }
  }

  /// The smallest difference between a pixel's two largest logits.
  func smallestMargin() -> Double {
    let values = upsampled
    let pixels = height * width
    var smallest = Double.infinity
    for pixel in 0..<pixels {
      var (first, second) = (-Float.infinity, -Float.infinity)
      for c in 0..<shape[1] {
        let value = values[c * pixels + pixel]
        if value > first {
          (first, second) = (value, first)
        } else {
          second = max(second, value)
        }
      }
      smallest = min(smallest, Double(first - second))
    }
    return smallest
  }
}
