import Foundation

/// What is computed at the networks' own resolution, in double precision: divergences of softmaxes.
struct LowResolution {
  let geometry: Geometry
  /// The number of positions of one task.
  static let positionsPerTask = 256

  /// The number of tasks of one image.
  var taskCount: Int {
    (geometry.planeSize + Self.positionsPerTask - 1) / Self.positionsPerTask
  }

  private typealias Wide = SIMD8<Double>

  /// The distillation term of one task, T = temperature (equation 4).
  ///
  /// - Parameters:
  ///   - student: one image's logits.
  ///   - teacher: the teacher's.
  ///   - gradient: the image's gradient; `scale * (softmax(student / T) - softmax(teacher / T))` is
  ///     added to it.
  /// - Returns: the sum of KL(teacher || student) over the positions.
  func distill(
    student: UnsafePointer<Float>, teacher: UnsafePointer<Float>, task: Int, temperature: Double,
    scale: Double, gradient: UnsafeMutablePointer<Float>, _ space: Workspace
  ) -> Double {
    let classes = geometry.classCount
    let plane = geometry.planeSize
    var total = 0.0
    for position in positions(task) {
      let count = min(8, plane - position)
      let pair = divergence(
        from: teacher + position, to: student + position, count, temperature, space)
      for lane in 0..<count { total += pair.divergence[lane] }
      let teacherScale = scale / pair.firstSum
      let studentScale = scale / pair.secondSum
      for c in 0..<classes {
        let value =
          space.wide[4 * c + 3] * studentScale - space.wide[4 * c + 2] * teacherScale
        let place = gradient + c * plane + position
        for lane in 0..<count { place[lane] += Float(value[lane]) }
      }
    }
    return total
  }

  /// The TFE weights exp(-KL) of one task (equations 6 and 7).
  ///
  /// - Parameters:
  ///   - first: the logits whose softmax is the expectation.
  ///   - second: the logits it is compared with.
  ///   - weights: the image's weights, `[lowHeight, lowWidth]`.
  func weigh(
    first: UnsafePointer<Float>, second: UnsafePointer<Float>, task: Int,
    weights: UnsafeMutablePointer<Float>, _ space: Workspace
  ) {
    for position in positions(task) {
      let count = min(8, geometry.planeSize - position)
      let pair = divergence(from: first + position, to: second + position, count, 1, space)
      for lane in 0..<count { weights[position + lane] = Float(exp(-pair.divergence[lane])) }
    }
  }

  /// The sum of the weights of one image after upsampling.
  func upsampledSum(_ weights: UnsafePointer<Float>, _ rows: [Double], _ columns: [Double])
    -> Double
  {
    var total = 0.0
    for y in rows.indices {
      var line = 0.0
      for x in columns.indices {
        line += columns[x] * Double(weights[y * columns.count + x])
      }
      total += rows[y] * line
    }
    return total
  }

  private func positions(_ task: Int) -> StrideTo<Int> {
    let begin = task * Self.positionsPerTask
    return stride(from: begin, to: min(begin + Self.positionsPerTask, geometry.planeSize), by: 8)
  }

  /// KL(first || second) at up to 8 positions; exponentials stay in `space.wide`, `[class, 4]`.
  @inline(__always)
  private func divergence(
    from first: UnsafePointer<Float>, to second: UnsafePointer<Float>, _ count: Int,
    _ temperature: Double, _ space: Workspace
  ) -> (divergence: Wide, firstSum: Wide, secondSum: Wide) {
    let classes = geometry.classCount
    let plane = geometry.planeSize
    let wide = space.wide
    var firstMaximum = Wide(repeating: -.infinity)
    var secondMaximum = Wide(repeating: -.infinity)
    for c in 0..<classes {
      let a = load(first + c * plane, count)
      let b = load(second + c * plane, count)
      wide[4 * c] = a
      wide[4 * c + 1] = b
      firstMaximum = firstMaximum.replacing(with: a, where: a .> firstMaximum)
      secondMaximum = secondMaximum.replacing(with: b, where: b .> secondMaximum)
    }
    let inverse = Wide(repeating: 1 / temperature)
    var firstSum = Wide()
    var secondSum = Wide()
    var expectation = Wide()
    for c in 0..<classes {
      let a = (wide[4 * c] - firstMaximum) * inverse
      let b = (wide[4 * c + 1] - secondMaximum) * inverse
      let expA = expNonpositive(a)
      let expB = expNonpositive(b)
      wide[4 * c + 2] = expA
      wide[4 * c + 3] = expB
      firstSum += expA
      secondSum += expB
      expectation += expA * (a - b)
    }
    var divergence = expectation / firstSum
    for lane in 0..<count { divergence[lane] += log(secondSum[lane]) - log(firstSum[lane]) }
    return (divergence, firstSum, secondSum)
  }

  /// Up to 8 values as doubles; the missing ones are 0.
  @inline(__always)
  private func load(_ source: UnsafePointer<Float>, _ count: Int) -> SIMD8<Double> {
    var result = SIMD8<Double>()
    if count == 8 {
      for lane in 0..<8 { result[lane] = Double(source[lane]) }
    } else {
      for lane in 0..<count { result[lane] = Double(source[lane]) }
    }
    return result
  }
}
