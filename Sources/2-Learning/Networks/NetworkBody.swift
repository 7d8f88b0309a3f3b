/// The layers of a network.
protocol NetworkBody {
  /// The channels that the main classifier reads.
  var width: Int { get }

  /// `[N, 3, H, W]` (BGR, mean subtracted, channels last) to what the network says.
  func callAsFunction<Run: Operators>(_ x: Run.Value, _ run: Run) -> NetworkValues<Run.Value>
}

/// What a network's layers give, `[N, C, h, w]` each.
struct NetworkValues<Value> {
  let logits: Value
  let auxiliaryLogits: Value?
  let feature: Value
  let stages: [Value]
}
