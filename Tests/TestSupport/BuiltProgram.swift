import Foundation

/// Where the programs of this package lie when tests run.
public enum BuiltProgram {
  /// The path of an executable target, beside the test bundle.
  ///
  /// - Throws: `MissingProgram` if it was not built.
  public static func path(_ name: String) throws(MissingProgram) -> String {
    let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let path = tests.deletingLastPathComponent().appendingPathComponent(name).path
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw MissingProgram(path: path)
    }
    return path
  }

  /// A program that a test wants was not built.
  public struct MissingProgram: Error, CustomStringConvertible {
    /// Where it was looked for.
    public let path: String
    /// One line.
    public var description: String {
      "program: \(path): not found; expected beside the test bundle; "
        + "make the test target depend on it"
    }
  }
}
