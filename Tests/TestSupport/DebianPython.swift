import Foundation

/// Debian's Python, whose PyTorch some tests compare with.
public enum DebianPython {
  private static let path = "/usr/bin/python3"

  /// Whether PyTorch is installed.
  public static let hasTorch: Bool = {
    let result = try? ProcessRun.run(
      path, ["-c", "import torch"], environment: ProcessInfo.processInfo.environment, timeout: 60)
    return result?.exitCode == 0
  }()

  /// Runs a script of `Tests/Fixtures/pytorch` on one thread.
  public static func run(_ script: String, _ arguments: [String]) throws -> ProcessResult {
    try ProcessRun.run(
      path, [Repository.fixture("pytorch/" + script)] + arguments,
      environment: ProcessInfo.processInfo.environment.merging(["OMP_NUM_THREADS": "1"]) { $1 },
      timeout: 120)
  }
}
