/// What moves the parameters by their gradients.
package protocol Optimiser {
  /// Moves the parameters by one step, and zeroes the gradients unless their sums are exact.
  ///
  /// - Parameters:
  ///   - parameters: values, summed gradients and what the optimiser keeps of earlier steps.
  ///   - rate: the learning rate.
  /// - Returns: whether all parameters are finite afterwards.
  func update(_ parameters: FlatParameters, rate: Double) -> Bool
}

extension SGD: Optimiser {}
