import Files
import Foundation
import Recipes

/// Where the recipe goes that `rdd recipe` prints: the file that a shell has made stdout, if it is one.
struct RecipePlace {
  /// The recipe's folder; absolute.
  let folder: String
  /// Its file, as the current folder sees it.
  let path: String
  /// What goes before a path in the recipe's folder.
  private let prefix: String

  /// Asks the system what stdout is.
  init() {
    let current = Recipe.currentFolder
    let name = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/1")
    let file = URL(fileURLWithPath: name ?? "/")
    guard (try? FileStore().byteCount(STDOUT_FILENO)) != nil,
      ["yaml", "yml"].contains(file.pathExtension.lowercased())
    else {
      (folder, path, prefix) = (current, "mine.yaml", "")
      return
    }
    folder = file.deletingLastPathComponent().path
    prefix = folder == current ? "" : folder + "/"
    path = prefix + file.lastPathComponent
  }

  /// What to run next, a command a line.
  func commands(_ draft: RecipeDraft) -> [String] {
    let file = Self.quoted(path)
    let teacher = "--set distill=none --set student.network=\(draft.teacher.rawValue)"
    let crop = [draft.crop.height, draft.crop.width].map { max(64, $0 / 24 * 8) }
    return [
      "rdd check \(file) --set distill=none",
      "rdd train \(file) \(teacher) --out \(Self.quoted(prefix + "runs/teacher"))",
      "rdd train \(file) --out \(Self.quoted(prefix + "runs/student"))",
      "rdd report \(Self.quoted(prefix + "runs/teacher")) \(Self.quoted(prefix + "runs/student")) "
        + "--out \(Self.quoted(prefix + "runs/report.html"))",
      "# For a first look within minutes, add to both trainings, and take other folders for them:",
      "# --set train.iterations=100 --set train.batch_size=\(min(4, draft.batchSize)) "
        + "--set data.crop_height=\(crop[0]) --set data.crop_width=\(crop[1])",
    ]
  }

  /// A word as a shell takes it for one.
  private static func quoted(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy { byte in
      (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        || "/._-".utf8.contains(byte)
    }
    return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }
}
