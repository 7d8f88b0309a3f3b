extension Device {
  /// A kind of device. Raw values are what recipes say.
  package enum Kind: String, Sendable, CaseIterable {
    /// The processor's cores.
    case cpu
    /// NVIDIA GPUs, one for each rank.
    case cuda
  }
}
