/// Upright planes: facades, hedges and fences along the street or across it.
extension SceneCanvas {
  /// Paints a wall along the street at `x` metres from `z0` to `z1`, `top` metres high.
  ///
  /// `shade(along, up, blur)` gives the colour at a point of the wall in metres; `blur` is the
  /// metres that one pixel column spans there.
  mutating func wallAlong(
    x: Float, from z0: Float, to z1: Float, top: Float, _ label: StreetClass,
    shade: (Float, Float, Float) -> SceneColour
  ) {
    let near = max(z0, SceneCamera.nearest / 2)
    guard near < z1, x != 0 else { return }
    let a = camera.vanishing.x + camera.focal * x / near
    let b = camera.vanishing.x + camera.focal * x / z1
    for column in Self.pixels(min(a, b), max(a, b), of: width) {
      let away = Float(column) + 0.5 - camera.vanishing.x
      let z = camera.focal * x / away
      let blur = z / abs(away)
      self.column(column, z: z, along: z, blur: blur, top: top, label, shade)
    }
  }

  /// Paints a wall across the street at depth `z` from `x0` to `x1`; see `wallAlong`.
  mutating func wallAcross(
    z: Float, from x0: Float, to x1: Float, top: Float, _ label: StreetClass,
    shade: (Float, Float, Float) -> SceneColour
  ) {
    guard z > SceneCamera.nearest / 2 else { return }
    let scale = camera.scale(at: z)
    let range = Self.pixels(
      camera.vanishing.x + x0 * scale, camera.vanishing.x + x1 * scale, of: width)
    for column in range {
      let along = (Float(column) + 0.5 - camera.vanishing.x) / scale
      self.column(column, z: z, along: along, blur: 1 / scale, top: top, label, shade)
    }
  }

  /// Paints one column of a wall from the ground to `top` metres.
  @inline(__always)
  private mutating func column(
    _ column: Int, z: Float, along: Float, blur: Float, top: Float, _ label: StreetClass,
    _ shade: (Float, Float, Float) -> SceneColour
  ) {
    let scale = camera.scale(at: z)
    let share = air.share(at: z)
    let high = camera.vanishing.y + (camera.height - top) * scale
    let low = camera.vanishing.y + camera.height * scale
    for row in Self.pixels(high, low, of: height) {
      let up = camera.height - (Float(row) + 0.5 - camera.vanishing.y) / scale
      paint(row * width + column, shade(along, up, blur).mixed(air.colour, share), label)
    }
  }
}
