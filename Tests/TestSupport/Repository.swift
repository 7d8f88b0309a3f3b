import Foundation

/// The files of the repository that tests read.
public enum Repository {
  /// The repository's folder.
  public static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// The path of a file or folder, relative to the repository.
  public static func path(_ name: String) -> String { root.appendingPathComponent(name).path }

  /// The path of a file or folder of `Tests/Fixtures`.
  public static func fixture(_ name: String) -> String { path("Tests/Fixtures/" + name) }

  /// The text of a file, relative to the repository.
  public static func text(_ name: String) throws -> String {
    try String(contentsOfFile: path(name), encoding: .utf8)
  }
}
