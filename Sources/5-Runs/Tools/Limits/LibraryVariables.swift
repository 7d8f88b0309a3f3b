import Foundation

/// Variables of the environment by which libraries compute or print something else than rdd asks for.
package enum LibraryVariables {
  private static let known = [
    ("ATEN_CPU_CAPABILITY", "train.instructions or RDD_INSTRUCTIONS says what is computed with"),
    ("ONEDNN_VERBOSE", "oneDNN would write between the results"),
    ("DNNL_VERBOSE", "oneDNN would write between the results"),
  ]

  /// Takes them out of this process's environment. Early in a process: a library reads each once, at its
  /// first call.
  ///
  /// - Returns: what was taken out and why, a line each.
  package static func leaveOut() -> [String] {
    known.compactMap { name, reason in
      guard let value = getenv(name).map({ String(cString: $0) }) else { return nil }
      unsetenv(name)
      return value.isEmpty ? nil : "\(name): left out: \(reason)"
    }
  }
}
