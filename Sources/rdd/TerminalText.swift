import Foundation

/// Text as a terminal shows it.
enum TerminalText {
  /// The width of a terminal in characters; 80 if it does not say.
  ///
  /// - Parameter descriptor: the terminal's.
  static func columns(of descriptor: Int32) -> Int {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) } ?? 80
    }
    return Int(size.ws_col)
  }

  /// Text in lines of a width at most, but where a word is longer, each behind an indent.
  static func wrapped(_ text: String, columns: Int, indent: String) -> String {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, indent.count + line.count + 1 + word.count > columns {
        lines.append(indent + line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return (lines + [indent + line]).joined(separator: "\n")
  }
}
