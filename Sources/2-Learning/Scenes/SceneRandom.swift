import Randomness

/// The few kinds of draws that a scene's plan needs.
///
/// `CounterRandom.normal()` is not among them: it calls the platform's logarithm and cosine, and a
/// scene has the same bits on every machine.
extension CounterRandom {
  /// A number in [`low`, `high`).
  mutating func float(_ low: Float, _ high: Float) -> Float {
    low + (high - low) * Float(uniform())
  }

  /// True with probability `probability`.
  mutating func chance(_ probability: Float) -> Bool { Float(uniform()) < probability }

  /// -1 or 1.
  mutating func side() -> Float { next() & 1 == 0 ? -1 : 1 }

  /// One of the choices, each as likely as the others.
  mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
    choices[integer(below: choices.count)]
  }

  /// A colour near another: one common factor and a small change of each channel.
  mutating func near(_ colour: SceneColour, spread: Float = 0.15) -> SceneColour {
    let factor = float(1 - spread, 1 + spread)
    let tint = SceneColour(
      float(-0.03, 0.03), float(-0.03, 0.03), float(-0.03, 0.03), 0)
    return opaque(colour * factor + tint)
  }
}
