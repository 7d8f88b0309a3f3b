extension StoredTensor {
  /// The XXH3 hash of the elements, 32 hexadecimal digits: equal for equal bytes.
  package var contentHash: String {
    var hash = DataHash()
    bytes.withUnsafeBytes { hash.update($0) }
    return hash.digits
  }
}
