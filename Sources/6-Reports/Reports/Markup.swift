import Files

/// HTML that is written piece by piece.
enum Markup {
  /// Text as HTML shows it. Sign by sign: a mark behind a `<` would make one letter of both, which is
  /// no `<` any more.
  static func escaped(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in Files.escaped(text).unicodeScalars {
      switch scalar {
      case "&": result.append(contentsOf: "&amp;".unicodeScalars)
      case "<": result.append(contentsOf: "&lt;".unicodeScalars)
      case ">": result.append(contentsOf: "&gt;".unicodeScalars)
      case "\"": result.append(contentsOf: "&quot;".unicodeScalars)
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  /// A heading with what belongs to it; nothing where there is nothing.
  static func section(_ title: String, _ body: String) -> String {
    body.isEmpty ? "" : "<section><h2>\(escaped(title))</h2>\n\(body)\n</section>\n"
  }

  /// A paragraph of less weight.
  static func note(_ text: String) -> String { "<p class=\"soft\">\(escaped(text))</p>\n" }
}
