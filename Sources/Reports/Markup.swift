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

  /// A table; the first column names the rows, numbers stand on the right.
  static func table(_ head: [String], _ rows: [[String]]) -> String {
    let header = head.map { "<th scope=\"col\">\(escaped($0))</th>" }.joined()
    let body = rows.map { row in
      let cells = row.enumerated().map { index, cell in
        index == 0
          ? "<th scope=\"row\">\(escaped(cell))</th>" : "<td>\(escaped(cell))</td>"
      }
      return "<tr>\(cells.joined())</tr>"
    }
    return "<div class=\"wide\"><table><thead><tr>\(header)</tr></thead><tbody>"
      + body.joined(separator: "\n") + "</tbody></table></div>"
  }

  /// A heading with what belongs to it; nothing where there is nothing.
  static func section(_ title: String, _ body: String) -> String {
    body.isEmpty ? "" : "<section><h2>\(escaped(title))</h2>\n\(body)\n</section>\n"
  }
}
