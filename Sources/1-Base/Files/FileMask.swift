import Glibc

/// The umask, which takes rights from files and folders that are made.
package enum FileMask {
  /// Gives back what the umask takes from the owner of a file. Without that, nobody could use a folder that
  /// this process, or a library, makes, nor remove what is in it. Once, before other threads run.
  ///
  /// - Returns: what was wrong, in a line; nil if nothing was.
  package static func keepOwnRights() -> String? {
    let mask = umask(0o077)
    let allowed = mask & 0o077
    umask(allowed)
    guard mask != allowed else { return nil }
    return
      "umask: found \(octal(mask)), which takes rights from the owner of a file; expected one like "
      + "0022; \(octal(allowed)) is used; set that"
  }

  private static func octal(_ mask: mode_t) -> String {
    let digits = String(mask, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
