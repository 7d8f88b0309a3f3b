import Randomness

/// The streams of random numbers that methods draw from, one for each use.
///
/// A raw value is the first word of the stream's key (`CounterRandom.Purpose.method`). It decides what is
/// drawn: a value is never changed and never used again, or runs would train other weights. Two equal
/// values do not compile.
package enum MethodStream: Int, CaseIterable, Sendable {
  // cirkd
  /// The vectors with which the memory of pixels starts.
  case pixelQueue = 0
  /// The vectors with which the memory of regions starts.
  case regionQueue = 1
  /// Which pixels of a class are enqueued; words: iteration, position in the global batch, class.
  case enqueuedPixels = 2
  /// Which entries of the memory of pixels are compared; words: iteration, 0, 0.
  case comparedPixels = 3
  /// Which entries of the memory of regions are compared; words: iteration, 0, 0.
  case comparedRegions = 4

  /// The uniform numbers of `spec`; words: iteration, position, purpose.
  case speculation = 5

  // rrd
  /// The weights of the teacher's fixed projection.
  case relationWeight = 6
  /// The bias of the teacher's fixed projection.
  case relationBias = 7
  /// The vectors with which the memory starts.
  case relationMemory = 8
  /// Which pixels of an image are units; words: iteration, position.
  case relationPixels = 9

  // lwkd
  /// The classes' centres and the weights of the light teacher.
  case lightTeacher = 20
  /// The samples that the light teacher learns from.
  case lightTeacherSamples = 21
  /// The samples whose logits are kept.
  case lightTeacherBank = 22
  /// The weights of the adversary's first layer.
  case adversaryHiddenWeight = 23
  /// The bias of the adversary's first layer.
  case adversaryHiddenBias = 24
  /// The weights of the adversary's second layer.
  case adversaryScoreWeight = 25
  /// The bias of the adversary's second layer.
  case adversaryScoreBias = 26
  /// Which kept sample each pixel learns from; words: iteration, position.
  case lightTargets = 27

  /// Partners, shares and places of mixed views; words: iteration, draw.
  case mixedViews = 30
}

extension CounterRandom {
  /// The stream of a method's use.
  ///
  /// - Parameters:
  ///   - stream: the use.
  ///   - seed: the run's seed.
  ///   - words: what else names the stream; see the use.
  package init(method stream: MethodStream, seed: UInt64, _ words: Int...) {
    self.init(.method, seed: seed, words: [stream.rawValue] + words)
  }
}
