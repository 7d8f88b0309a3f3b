import Randomness

/// What stands in a scene, in the order of drawing.
struct StreetPlan {
  /// Houses and plants behind the pavements, then fences, then what stands on the street, each far
  /// to near.
  let things: [any SceneThing]

  init(_ random: inout CounterRandom, layout: StreetLayout, road: SceneColour) {
    var behind: [any SceneThing] = []
    var fences: [any SceneThing] = []
    for side: Float in [-1, 1] {
      Self.plots(&random, layout, side, &behind, &fences)
    }
    if layout.end < 150 {
      for index in 0..<6 {
        let x = Float(index) * 14 - 42 + random.float(-2, 2)
        // A house across the street's end: its end wall looks at the camera.
        behind.append(Facade(&random, x: x, from: layout.end + Float(index), to: layout.end + 12))
      }
    }
    var street: [any SceneThing] = []
    for side: Float in [-1, 1] { Self.kerb(&random, layout, side, road, &street) }
    Self.traffic(&random, layout, road, &street)
    things = Self.sorted(behind) + Self.sorted(fences) + Self.sorted(street)
  }

  /// Far to near; equal depths keep their order.
  private static func sorted(_ things: [any SceneThing]) -> [any SceneThing] {
    things.enumerated()
      .sorted { ($0.element.depth, $1.offset) > ($1.element.depth, $0.offset) }
      .map(\.element)
  }

  /// Houses, gardens and gaps along one side.
  private static func plots(
    _ random: inout CounterRandom, _ layout: StreetLayout, _ side: Float,
    _ behind: inout [any SceneThing], _ fences: inout [any SceneThing]
  ) {
    let line = side < 0 ? layout.lines.left : layout.lines.right
    let builtUp = random.float(0.35, 0.95)
    var z = random.float(-12, 2)
    while z < layout.end {
      let length = random.float(8, 24)
      let (low, high) = (z, min(z + length, layout.end))
      z = high + (random.chance(0.3) ? random.float(1, 6) : 0)
      guard high > 1.5, layout.isClear(low, high) else { continue }
      let setback = random.chance(0.4) ? random.float(0.5, 6) : 0
      if random.chance(builtUp) {
        behind.append(Facade(&random, x: line + side * setback, from: low, to: high))
      } else {
        for _ in 0..<(1 + random.integer(below: 4)) {
          let depth = random.float(max(low, 4), max(high, 5))
          behind.append(Tree(&random, x: line + side * random.float(1.5, 9), z: depth))
        }
        if random.chance(0.6) {
          behind.append(Hedge(&random, x: line + side * 0.3, from: low, to: high))
        }
      }
      if random.chance(setback > 0.5 ? 0.5 : 0.1) {
        fences.append(Fence(FenceStyle(&random), x: line + side * 0.05, from: low, to: high))
      }
    }
  }

  /// Trees, posts, people, railings and parked cars along one kerb.
  private static func kerb(
    _ random: inout CounterRandom, _ layout: StreetLayout, _ side: Float, _ road: SceneColour,
    _ street: inout [any SceneThing]
  ) {
    let edge = side < 0 ? layout.kerbs.left : layout.kerbs.right
    let line = side < 0 ? layout.lines.left : layout.lines.right
    if random.chance(0.45) {
      let pitch = random.float(7, 14)
      var z = random.float(6, 14)
      while z < 70 {
        if layout.isClear(z, z), random.chance(0.85) {
          street.append(Tree(&random, x: edge + side * 0.8, z: z))
        }
        z += pitch
      }
    }
    for _ in 0..<(2 + random.integer(below: 6)) {
      let z = random.float(5, 45)
      street.append(Pole(&random, x: edge + side * random.float(0.3, 0.7), z: z))
    }
    if random.chance(0.2) {
      let style = FenceStyle(&random)
      var z = random.float(4, 20)
      let end = z + random.float(8, 30)
      while z < end {
        if layout.isClear(z, z + 2) {
          street.append(Fence(style, x: edge + side * 0.25, from: z, to: z + 2))
        }
        z += 2
      }
    }
    for _ in 0..<random.integer(below: 9) {
      let z = 4.5 + 40 * random.float(0, 1) * random.float(0.2, 1)
      let x = edge + (line - edge) * random.float(0.15, 0.95)
      street.append(Person(&random, x: x, z: z, isRider: false))
    }
    if random.chance(0.55) {
      var z = random.float(4, 16)
      while z < 60 {
        if layout.isClear(z - 2, z + 7), random.chance(0.8) {
          let x = edge - side * random.float(1.0, 1.25)
          street.append(
            Car(&random, x: x, z: z, isOncoming: side < 0, isBroadside: false, road: road))
        }
        z += random.float(5.8, 8)
      }
    }
  }

  /// What moves on the road.
  private static func traffic(
    _ random: inout CounterRandom, _ layout: StreetLayout, _ road: SceneColour,
    _ street: inout [any SceneThing]
  ) {
    let other = (layout.kerbs.left + layout.kerbs.right) / 2 * 2
    for (lane, isOncoming) in [(Float(0), false), (other, true)] where random.chance(0.65) {
      var z = random.float(7, 30)
      for _ in 0..<(1 + random.integer(below: 4)) {
        let x = lane + random.float(-0.4, 0.4)
        street.append(
          Car(&random, x: x, z: z, isOncoming: isOncoming, isBroadside: false, road: road))
        z += random.float(8, 25)
      }
    }
    if let crossing = layout.crossing {
      for _ in 0..<random.integer(below: 3) {
        let z = random.float(crossing.lowerBound + 0.5, crossing.upperBound - 2)
        street.append(
          Car(
            &random, x: random.float(-14, 14), z: z, isOncoming: false, isBroadside: true,
            road: road))
      }
    }
    for _ in 0..<(1 + random.integer(below: 4)) {
      let x = random.float(layout.kerbs.left + 0.6, layout.kerbs.right - 0.6)
      let z = 5 + 28 * random.float(0, 1) * random.float(0.2, 1)
      street.append(Person(&random, x: x, z: z, isRider: true))
    }
    for _ in 0..<random.integer(below: 3) {
      let x = random.float(layout.kerbs.left, layout.kerbs.right)
      street.append(Person(&random, x: x, z: random.float(8, 35), isRider: false))
    }
  }
}
