import Host

/// Keeps decoded samples of another source in memory, up to a limit.
///
/// The first samples that fit stay. In a permuted order every sample is asked for equally often, so
/// replacing one by another would gain nothing.
package final class CachedSource: SampleSource {
  private struct Cache {
    var samples: [Int: LabelledImage] = [:]
    var bytes = 0
  }

  private let source: any SampleSource
  private let maximumBytes: Int
  private let cache = Monitor(Cache())

  /// A cache of at most `maximumBytes` bytes of pixels over `source`.
  package init(_ source: any SampleSource, maximumBytes: Int) {
    self.source = source
    self.maximumBytes = maximumBytes
  }

  /// The number of samples.
  package var count: Int { source.count }
  /// The classes that the labels index.
  package var classes: ClassList { source.classes }
  /// What to call a sample.
  package func name(_ index: Int) -> String { source.name(index) }
  /// A cache over the same samples, of which `watch` sees those that are read.
  package func watched(by watch: FileWatch) -> any SampleSource {
    CachedSource(source.watched(by: watch), maximumBytes: maximumBytes)
  }
  /// The bytes of pixels that are kept now.
  package var cachedBytes: Int { cache.change { $0.bytes } }

  /// A kept sample, or one that the source reads.
  package func sample(_ index: Int) throws -> LabelledImage {
    if let known = cache.change({ $0.samples[index] }) { return known }
    let sample = try source.sample(index)
    let bytes = sample.image.pixels.count + sample.labels.pixels.count
    cache.change { cache in
      guard cache.bytes + bytes <= maximumBytes, cache.samples[index] == nil else { return }
      cache.samples[index] = sample
      cache.bytes += bytes
    }
    return sample
  }
}
