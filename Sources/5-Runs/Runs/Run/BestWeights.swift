import Files
import WeightFiles

/// The weights of the best validation in a run's folder, and what a start finds in their place.
///
/// What is not of the run as it goes on, or worth more than what will come first, is kept beside under the name
/// `best.earlier-1.safetensors` before it is written over.
package struct BestWeights {
  /// Where a file says that it comes from; nil where it does not.
  package struct Origin: Equatable, Sendable {
    /// The run, as a digest.
    package let identity: String?
    /// The iterations that were done.
    package let iteration: Int?
  }

  private let path: String
  private let files: FileStore
  private var isKept = false

  /// The weights of the file `path`, which need not be there.
  package init(_ path: String, files: FileStore = FileStore()) {
    (self.path, self.files) = (path, files)
  }

  /// What the file says of itself; nil if there is none.
  ///
  /// - Throws: `FileError` if it is damaged or no safetensors file.
  package func origin() throws(FileError) -> Origin? { try origin(of: path) }

  /// From now on what is there is kept before it is written over.
  package mutating func keep() { isKept = true }

  /// Compares the file with what a checkpoint says of the best validation.
  ///
  /// Of the same run's, a file of a later iteration than the checkpoint's is what will come once more.
  ///
  /// - Parameters:
  ///   - best: the best mean IoU, from 0 to 1, and its iteration; nil before the first validation.
  ///   - done: the iterations that are done.
  ///   - identity: the run's digest.
  ///   - others: digests under which it went on before.
  /// - Returns: what the user should know; nil if there is nothing.
  package mutating func compare(
    with best: (meanIoU: Double, iteration: Int)?, after done: Int, identity: String,
    others: Set<String>
  ) -> String? {
    let found: String?
    do throws(FileError) {
      let origin = try origin()
      found = Self.fault(origin, best?.iteration, done, others.union([identity]))
      let isNewest = origin?.iteration != best?.iteration && origin?.identity != identity
      isKept = origin != nil && (found != nil || isNewest)
    } catch {
      found = error.detail.split(separator: ";").first.map { "no whole file (\($0))" }
      isKept = true
    }
    guard let best, let found else { return nil }
    return
      "\(path): found \(found); expected the weights of iteration \(best.iteration), the best so far: "
      + "the file of that score is gone, and a better validation writes it anew"
  }

  private static func fault(
    _ origin: Origin?, _ best: Int?, _ done: Int, _ identities: Set<String>
  ) -> String? {
    guard let origin else { return "none" }
    if let identity = origin.identity, !identities.contains(identity) {
      return "those of another run"
    }
    guard let iteration = origin.iteration, iteration <= done, iteration != best else { return nil }
    return "those of iteration \(iteration)"
  }

  /// Keeps what is there, if it is to be kept, under a name that is free. Of one run's, the later is the better
  /// one, and stays.
  ///
  /// - Returns: where it is now; nil if nothing was kept.
  /// - Throws: `FileError` if it cannot be renamed.
  package mutating func putAside() throws(FileError) -> String? {
    guard isKept else { return nil }
    isKept = false
    let own = try? origin()
    guard (try? files.linkStatus(path)) != nil else { return nil }
    var number = 1
    while true {
      let aside = "\(path.dropLast(Self.ending.count)).earlier-\(number)\(Self.ending)"
      let other = try? origin(of: aside)
      let isSameRun = other?.identity != nil && other?.identity == own?.identity
      if isSameRun, other?.iteration ?? 0 >= own?.iteration ?? 0 { return nil }
      if isSameRun || (try? files.linkStatus(aside)) == nil {
        do throws(SystemError) {
          try files.rename(path, aside)
        } catch {
          throw .system(path, "rename", error)
        }
        return aside
      }
      number += 1
    }
  }

  /// Whether a file of this name was kept beside a run's best weights.
  static func isKept(_ name: String) -> Bool {
    name.hasPrefix("best.earlier-") && name.hasSuffix(ending)
  }

  private static let ending = ".safetensors"

  private func origin(of path: String) throws(FileError) -> Origin? {
    do throws(FileError) {
      let metadata = try WeightFile.metadata(path, files: files)
      return Origin(
        identity: metadata[RunStorage.identityKey],
        iteration: metadata[RunStorage.iterationKey].flatMap { Int($0) })
    } catch {
      guard error.kind == .missing else { throw error }
      return nil
    }
  }
}
