/// Counts of values in buckets, as TensorBoard shows them.
package struct EventHistogram: Sendable, Equatable {
  /// The upper end of each bucket; the last holds all values above.
  package let limits: [Double]
  /// The values in each bucket.
  package let counts: [Double]
  /// The least and the greatest value, their number, sum and sum of squares.
  package let minimum, maximum, count, sum, sumOfSquares: Double

  /// The histogram of shares, such as weights or probabilities: equal buckets from 0 to 1.
  ///
  /// - Parameters:
  ///   - values: NaN does not count.
  ///   - bucketCount: at least one.
  package init(shares values: some Sequence<Double>, bucketCount: Int = 50) {
    precondition(bucketCount > 0, "EventHistogram: \(bucketCount) buckets; expected one or more")
    var counts = [Double](repeating: 0, count: bucketCount)
    var (minimum, maximum) = (Double.infinity, -Double.infinity)
    var (count, sum, squares) = (0.0, 0.0, 0.0)
    for value in values where !value.isNaN {
      let bucket = (value * Double(bucketCount)).rounded(.up) - 1
      counts[Int(min(max(bucket, 0), Double(bucketCount - 1)))] += 1
      minimum = min(minimum, value)
      maximum = max(maximum, value)
      count += 1
      sum += value
      squares += value * value
    }
    self.counts = counts
    limits = (1...bucketCount).map { Double($0) / Double(bucketCount) }
    self.minimum = count > 0 ? minimum : 0
    self.maximum = count > 0 ? maximum : 0
    (self.count, self.sum, sumOfSquares) = (count, sum, squares)
  }

  /// TensorFlow's HistogramProto.
  var message: ProtocolBuffer {
    var message = ProtocolBuffer()
    message.add(1, minimum)
    message.add(2, maximum)
    message.add(3, count)
    message.add(4, sum)
    message.add(5, sumOfSquares)
    message.add(6, limits)
    message.add(7, counts)
    return message
  }
}
