/// The layers of a network.
protocol NetworkBody {
  /// The channels that the main classifier reads.
  var width: Int { get }

  /// `[N, 3, H, W]` (BGR, mean subtracted, channels last) to the network's output.
  func callAsFunction<Run: Operators>(_ x: Run.Value, _ run: Run) -> NetworkValues<Run.Value>
}

/// A network's output, `[N, C, h, w]` each: logits, the features before the main classifier, the
/// backbone's last three stages.
struct NetworkValues<Value> {
  let logits: Value
  let auxiliaryLogits: Value?
  let feature: Value
  let stages: [Value]
}
