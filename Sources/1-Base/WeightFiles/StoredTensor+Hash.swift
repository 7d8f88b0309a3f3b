import Files

extension ByteRegion {
  /// The XXH3 hash of the bytes, 32 hexadecimal digits.
  package var contentHash: String {
    var hash = DataHash()
    withUnsafeBytes { hash.update($0) }
    return hash.digits
  }
}

extension StoredTensor {
  /// The XXH3 hash of the elements, 32 hexadecimal digits: equal for equal bytes.
  package var contentHash: String { bytes.contentHash }
}
