/// The picture while it is drawn: colours, labels, and the camera and air that all painters share.
///
/// A pixel belongs to a shape when its centre lies inside, so labels are crisp; the image gets its
/// soft edges when the scene is finished.
struct SceneCanvas {
  let width: Int
  let height: Int
  let camera: SceneCamera
  let air: SceneAir
  /// `[height, width]`.
  var colours: [SceneColour]
  /// `[height, width]`.
  var labels: [UInt8]
  /// The rectangles, in pixels, of small things whose outlines may become ignored.
  var outlines: [(columns: Range<Int>, rows: Range<Int>, label: UInt8)] = []

  init(width: Int, height: Int, camera: SceneCamera, air: SceneAir) {
    self.width = width
    self.height = height
    self.camera = camera
    self.air = air
    colours = [SceneColour](repeating: .zero, count: width * height)
    labels = [UInt8](repeating: StreetClass.sky.rawValue, count: width * height)
  }

  /// The pixels of an axis of `count` whose centres lie in [`low`, `high`).
  static func pixels(_ low: Float, _ high: Float, of count: Int) -> Range<Int> {
    let limit = Float(count)
    // Bounds first: a far outside Float has no Int.
    let first = Int((min(max(low, 0), limit) - 0.5).rounded(.up))
    let last = Int((min(max(high, 0), limit) - 0.5).rounded(.up))
    return max(first, 0)..<max(first, last, 0)
  }

  /// Covers one pixel; a coverage below 0 leaves it alone.
  @inline(__always)
  mutating func paint(_ index: Int, _ colour: SceneColour, _ label: StreetClass) {
    guard colour.w >= 0 else { return }
    colours[index] += (opaque(colour) - colours[index]) * colour.w
    labels[index] = label.rawValue
  }

  /// Fills a convex polygon with what `shade` gives for a pixel's centre.
  mutating func fill(
    _ corners: [ScenePoint], _ label: StreetClass, shade: (Float, Float) -> SceneColour
  ) {
    var top = Float.infinity
    var bottom = -Float.infinity
    for corner in corners {
      top = min(top, corner.y)
      bottom = max(bottom, corner.y)
    }
    for row in Self.pixels(top, bottom, of: height) {
      let y = Float(row) + 0.5
      guard let (low, high) = Self.crossings(corners, y) else { continue }
      for column in Self.pixels(low, high, of: width) {
        paint(row * width + column, shade(Float(column) + 0.5, y), label)
      }
    }
  }

  /// Fills a convex polygon at depth `z` with one colour.
  mutating func fill(
    _ corners: [ScenePoint], _ label: StreetClass, _ colour: SceneColour, at z: Float
  ) {
    let seen = colour.mixed(air.colour, air.share(at: z))
    fill(corners, label) { _, _ in seen }
  }

  /// Where the row through `y` enters and leaves a convex polygon.
  static func crossings(_ corners: [ScenePoint], _ y: Float) -> (low: Float, high: Float)? {
    var low = Float.infinity
    var high = -Float.infinity
    var from = corners[corners.count - 1]
    for to in corners {
      if (from.y <= y) != (to.y <= y) {
        let x = from.x + (y - from.y) / (to.y - from.y) * (to.x - from.x)
        low = min(low, x)
        high = max(high, x)
      }
      from = to
    }
    return low < high ? (low, high) : nil
  }

  /// Fills an upright ellipse at depth `z`; `shade` sees the offset from the centre in radii.
  mutating func ellipse(
    _ centre: ScenePoint, _ across: Float, _ down: Float, _ label: StreetClass, at z: Float,
    shade: (Float, Float) -> SceneColour
  ) {
    let share = air.share(at: z)
    for row in Self.pixels(centre.y - down, centre.y + down, of: height) {
      let dy = (Float(row) + 0.5 - centre.y) / down
      for column in Self.pixels(centre.x - across, centre.x + across, of: width) {
        let dx = (Float(column) + 0.5 - centre.x) / across
        guard dx * dx + dy * dy < 1 else { continue }
        paint(row * width + column, shade(dx, dy).mixed(air.colour, share), label)
      }
    }
  }

  /// Draws a bar between two points.
  ///
  /// A bar thinner than a pixel is drawn one pixel wide and covers less: still there for the
  /// label, faint in the image.
  mutating func bar(
    from: ScenePoint, to: ScenePoint, thickness: Float, _ label: StreetClass,
    _ colour: SceneColour, at z: Float
  ) {
    let (dx, dy) = (to.x - from.x, to.y - from.y)
    let length = max((dx * dx + dy * dy).squareRoot(), 1e-3)
    let half = max(thickness, 1) / 2
    let (nx, ny) = (-dy / length * half, dx / length * half)
    var seen = colour
    seen.w = min(max(thickness, 0.35), 1)
    fill(
      [
        ScenePoint(x: from.x + nx, y: from.y + ny), ScenePoint(x: to.x + nx, y: to.y + ny),
        ScenePoint(x: to.x - nx, y: to.y - ny), ScenePoint(x: from.x - nx, y: from.y - ny),
      ], label, seen, at: z)
  }

  /// Notes the outline of a small thing that spans `x` metres sideways and `y` upwards at `z`.
  mutating func noteOutline(
    x: ClosedRange<Float>, y: ClosedRange<Float>, at z: Float, _ label: StreetClass
  ) {
    let low = camera.project(x.lowerBound, y.upperBound, z)
    let high = camera.project(x.upperBound, y.lowerBound, z)
    outlines.append(
      (
        Self.pixels(low.x - 2, high.x + 2, of: width),
        Self.pixels(low.y - 2, high.y + 2, of: height), label.rawValue
      ))
  }
}
