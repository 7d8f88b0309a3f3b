import Datasets
import Files
import Glibc
import Recipes
import WeightFiles

/// What the files of a source were when a run began, in few bytes each.
struct KnownFiles: Sendable {
  private struct File {
    /// The digits of the hash, the high half first.
    let high: UInt64
    let low: UInt64
    let byteCount: Int
    let mark: FileMark

    init(_ hash: FileHash, isSettled: Bool) {
      (high, low) = Self.words(hash.digits)
      byteCount = hash.byteCount
      // A file that had just been written might have changed since, and kept its mark.
      mark = isSettled ? hash.mark : .unknown
    }

    /// Nothing is compared but by this, so digits that are none are as good as others.
    static func words(_ digits: String) -> (UInt64, UInt64) {
      let middle = digits.utf8.index(digits.startIndex, offsetBy: digits.utf8.count / 2)
      return (
        UInt64(digits[..<middle], radix: 16) ?? 0, UInt64(digits[middle...], radix: 16) ?? 0
      )
    }
  }

  private let files: [File]
  private let way: Recipe.DataIdentity

  /// The files of hashes that were made from `begin` on.
  ///
  /// - Parameters:
  ///   - hashes: in the order in which the source counts its files.
  ///   - way: what of a file counts.
  ///   - begin: when the first of them was made, or before.
  init(_ hashes: [FileHash], _ way: Recipe.DataIdentity, begin: timespec) {
    files = hashes.map { File($0, isSettled: $0.mark.isSettled(at: begin)) }
    self.way = way
  }

  /// Whether a file has the content that it had, or the size where that alone counts.
  ///
  /// A file with its old mark is not hashed; nor does another mark mean another content, as that of a
  /// copy on another host.
  func isAsBefore(_ file: Int, _ mark: FileMark, _ bytes: [UInt8]) -> Bool {
    guard files.indices.contains(file) else { return true }
    let known = files[file]
    guard bytes.count == known.byteCount else { return false }
    return mark == known.mark || way == .sizes
      || File.words(FileHash.of(bytes)) == (known.high, known.low)
  }

  /// What looks at the files that are read.
  var watch: FileWatch { FileWatch { isAsBefore($0, $1, $2) } }
}
