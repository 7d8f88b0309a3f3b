import Networks
import Randomness
import Torch

/// A random order that `cirkd` draws.
package enum Draw: Hashable {
  /// Of the pixels of a class in an image.
  case pixels(position: Int, label: Int, count: Int)
  /// Of the slots of the memory of pixels.
  case pixelMemory(count: Int)
  /// Of the slots of the memory of class means.
  case regionMemory(count: Int)
}

/// The memories of `cirkd`: for each class a ring of teacher pixels and one of teacher class means, and
/// the projection that makes student features comparable with them.
///
/// All ranks hold the same rings: what each would enqueue is gathered, in the order of the images.
final class PixelMemory {
  /// Pixels of a class in an image that are enqueued at most.
  private static let pixelsPerClass = 16

  private let classCount: Int
  private let width: Int
  private let contrast: (pixel: Int, region: Int)
  private let enqueuesClass: Bool
  private let seed: UInt64
  private let first: Convolution
  private let norm: BatchNorm
  private let second: Convolution
  /// `[C, size, F]`, and where the next entry goes, `[C]`.
  private let pixels: (ring: Tensor, next: Tensor)
  private let regions: (ring: Tensor, next: Tensor)
  private var iteration = 0
  private var given: ((Draw) -> [Int])?

  init(_ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope) {
    let widths = setting.featureWidths
    let classes = setting.classCount
    classCount = classes
    width = widths.teacher
    contrast = (
      options.integer("pixel_contrast") / classes + 1,
      options.integer("region_contrast") / classes + 1
    )
    enqueuesClass = options.word("enqueue") == "class"
    seed = setting.seed
    let head = scope("project_head")
    first = Convolution(head("0"), widths.student, width, kernel: 1, start: .head)
    norm = BatchNorm(head("1"), width)
    second = Convolution(head("3"), width, width, kernel: 1, start: .head)
    func ring(_ name: String, _ size: Int, _ stream: MethodStream) -> (Tensor, Tensor) {
      let ring = scope.buffer(name, [classes, size, widths.teacher], 0)
      let next = scope.buffer("\(name)_next", [classes], 0, .int64)
      var random = CounterRandom(method: stream, seed: setting.seed)
      let noise = Tensor((0..<ring.count).map { _ in random.normal() }, ring.shape)
      ring.copy(from: Losses.normalised(noise, 2))
      return (ring, next)
    }
    pixels = ring("pixel_queue", options.integer("pixel_memory"), .pixelQueue)
    regions = ring("region_queue", options.integer("region_memory"), .regionQueue)
  }

  /// The random orders, functions of (seed, iteration, what is ordered).
  var order: (Draw) -> [Int] {
    get { given ?? drawn }
    set { given = newValue }
  }

  private func drawn(_ draw: Draw) -> [Int] {
    let (count, stream, words): (Int, MethodStream, (Int, Int)) =
      switch draw {
      case .pixels(let position, let label, let count):
        (count, .enqueuedPixels, (position, label))
      case .pixelMemory(let count): (count, .comparedPixels, (0, 0))
      case .regionMemory(let count): (count, .comparedRegions, (0, 0))
      }
    var random = CounterRandom(method: stream, seed: seed, iteration, words.0, words.1)
    var order = Array(0..<count)
    for index in order.indices.dropLast() {
      order.swapAt(index, index + random.integer(below: count - index))
    }
    return order
  }

  // MARK: What is enqueued

  /// Asks for what all ranks enqueue: rows of class, kind (0 pixel, 1 mean) and vector.
  func request(_ requests: MethodRequests, _ step: MethodStep) {
    iteration = step.iteration
    let feature = Losses.normalised(step.features.teacher, 1)
    let size = step.height * step.width
    let columns = feature.reshaped([feature.size(0), width, size]).permuted([0, 2, 1])
    let labels = step.lowLabels.array(Int64.self)
    var rows: [Tensor] = []
    for (image, position) in step.positions.enumerated() {
      let own = columns.narrowed(0, image..<image + 1).reshaped([size, width])
      let places = Dictionary(
        grouping: 0..<size, by: { Int(labels[image * size + $0]) })
      for label in places.keys.sorted() where label < classCount {
        let members = places[label] ?? []
        let mean = own.selected(0, index(members, own.device)).fixedMean(0, keepingDimension: true)
        rows.append(tagged(Losses.normalised(mean, 1), label, kind: 1))
        let order = order(.pixels(position: position, label: label, count: members.count))
        let chosen = order.prefix(Self.pixelsPerClass).map { enqueuesClass ? members[$0] : $0 }
        let vectors = own.selected(0, index(chosen, own.device))
        rows.append(tagged(Losses.normalised(vectors, 1), label, kind: 0))
      }
    }
    let none = Tensor.zeros([0, width + 2], step.type, device: feature.device)
    requests.gather("enqueue", rows: Tensor.concatenated([none] + rows, 0))
  }

  private func index(_ places: [Int], _ device: Device) -> Tensor {
    Tensor(places.map { Int64($0) }, [places.count]).to(device: device)
  }

  private func tagged(_ vectors: Tensor, _ label: Int, kind: Int) -> Tensor {
    let count = vectors.size(0)
    func column(_ value: Int) -> Tensor {
      Tensor.full([count, 1], Double(value), vectors.type, device: vectors.device)
    }
    return Tensor.concatenated([column(label), column(kind), vectors], 1)
  }

  /// Writes the gathered rows into the rings. A pixel ring that the new entries would fill gets them
  /// at its end and begins again, as published.
  private func enqueue(_ rows: Tensor) {
    guard rows.size(0) > 0 else { return }
    let tags = rows.narrowed(1, 0..<2).array(Double.self)
    let vectors = rows.narrowed(1, 2..<width + 2)
    var nextPixel = pixels.next.array(Int64.self).map { Int($0) }
    var nextRegion = regions.next.array(Int64.self).map { Int($0) }
    var start = 0
    while start < rows.size(0) {
      let (label, kind) = (Int(tags[2 * start]), Int(tags[2 * start + 1]))
      var end = start + 1
      while kind == 0, end < rows.size(0), Int(tags[2 * end + 1]) == 0, Int(tags[2 * end]) == label
      {
        end += 1
      }
      let part = vectors.narrowed(0, start..<end)
      if kind == 1 {
        write(part, regions.ring, label, at: nextRegion[label])
        nextRegion[label] = (nextRegion[label] + 1) % regions.ring.size(1)
      } else {
        let (size, count) = (pixels.ring.size(1), min(end - start, pixels.ring.size(1)))
        let isFull = nextPixel[label] + count >= size
        write(
          part.narrowed(0, 0..<count), pixels.ring, label,
          at: isFull ? size - count : nextPixel[label])
        nextPixel[label] = isFull ? 0 : nextPixel[label] + count
      }
      start = end
    }
    pixels.next.copy(from: Tensor(nextPixel.map { Int64($0) }, [classCount]))
    regions.next.copy(from: Tensor(nextRegion.map { Int64($0) }, [classCount]))
  }

  private func write(_ rows: Tensor, _ ring: Tensor, _ label: Int, at place: Int) {
    ring.narrowed(0, label..<label + 1).narrowed(1, place..<place + rows.size(0))
      .copy(from: rows.reshaped([1, rows.size(0), width]))
  }

  // MARK: Comparison

  /// Enqueues, then compares: the images' shares of the two means over valid pixels, `[n]` each.
  /// Collective.
  func compare(
    _ step: MethodStep, _ reduced: Reduced, temperature: Double, parts: (pixel: Bool, region: Bool)
  ) -> (pixel: Tensor?, region: Tensor?) {
    Autograd.withoutHistory { enqueue(reduced.rows("enqueue")) }
    let (student, teacher) = step.features
    let pass = Pass.training(
      .init(
        reducer: step.reducer, seed: seed, iteration: step.iteration, positions: step.positions,
        dropout: false), precision: step.type)
    let own = rows(second(norm(first(student), pass, .relu)))
    let other = rows(teacher)
    let images = own.size(0)
    func mean(_ ring: Tensor, _ draw: Draw, _ count: Int) -> Tensor {
      let slots = order(draw).prefix(count)
      let keys = ring.selected(1, index(Array(slots), ring.device))
        .reshaped([-1, width]).permuted([1, 0]).contiguous()
      let shared = keys.reshaped([1, width, keys.size(1)]).expanded([images, width, keys.size(1)])
      func similarities(_ rows: Tensor) -> Tensor {
        rows.imageProducts(shared).reshaped([images * rows.size(1), keys.size(1)])
      }
      let divergence = Losses.divergence(
        similarities(other), similarities(own), temperature: temperature)
      return reduced.mean(divergence.reshaped(step.lowLabels.shape), over: .valid, step)
    }
    let pixel =
      parts.pixel
      ? mean(pixels.ring, .pixelMemory(count: pixels.ring.size(1)), contrast.pixel) : nil
    let region =
      parts.region
      ? mean(regions.ring, .regionMemory(count: regions.ring.size(1)), contrast.region) : nil
    return (pixel, region)
  }

  /// Features as unit rows, `[n, hw, F]`.
  private func rows(_ feature: Tensor) -> Tensor {
    Losses.flat(Losses.normalised(feature, 1)).permuted([0, 2, 1]).contiguous()
  }
}
