/// What extracts features at output stride 8.
protocol Backbone {
  /// The channels of the features; no auxiliary head where the first is nil.
  var channels: (auxiliary: Int?, last: Int) { get }

  /// `[N, 3, H, W]` (BGR, mean subtracted) to features of H/8 x W/8, rounded up.
  func callAsFunction<Run: Operators>(_ x: Run.Value, _ run: Run) -> BackboneOutput<Run.Value>
}

/// Features of a backbone, `[N, C, h, w]`.
struct BackboneOutput<Value> {
  /// What the auxiliary head reads: ResNet's third stage.
  let auxiliary: Value?
  /// What the stages at output stride 8 give: second, third, last.
  let stages: [Value]

  /// What the main head reads.
  var last: Value { stages[2] }
}
