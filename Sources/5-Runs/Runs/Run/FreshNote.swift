import Files

/// What a start with `--fresh` notes in the folder of a run, in the file `.fresh`: a later start then knows
/// whether it was cut off, and whether its own job has begun anew already.
struct FreshNote: Equatable {
  /// The job that begins anew; nil for one without a name.
  var job: String?
  /// The name of the folder, beside the run's, into which files of the run before are on their way; nil
  /// once all are there.
  var target: String?

  /// The file, in a run's folder.
  static func path(_ folder: String) -> String { folder + "/.fresh" }

  /// The note in a folder; nil where there is none, or nothing of this form.
  ///
  /// - Throws: `FileError` if it cannot be read.
  static func found(in folder: String) throws(FileError) -> FreshNote? {
    guard let bytes = try WholeFile.bytes(path(folder), limit: 4096) else { return nil }
    return FreshNote(String(decoding: bytes, as: UTF8.self))
  }

  /// A note that says so.
  init(job: String?, target: String? = nil) { (self.job, self.target) = (job, target) }

  /// Reads what `text` wrote; nil if that is something else.
  init?(_ text: String) {
    for line in text.split(separator: "\n") {
      guard let space = line.firstIndex(of: " ") else { return nil }
      let value = String(line[line.index(after: space)...])
      switch line[..<space] {
      case "job": job = value
      case "into": target = value
      default: return nil
      }
    }
  }

  /// What the file holds; empty if there is nothing to note.
  var text: String {
    (job.map { "job \($0)\n" } ?? "") + (target.map { "into \($0)\n" } ?? "")
  }

  /// Whether a job has begun anew here before. One without a name never has.
  func isDone(for job: String?) -> Bool { job != nil && job == self.job && target == nil }
}
