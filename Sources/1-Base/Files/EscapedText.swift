/// `text` with all that a terminal would obey, and not show, written out: control characters, ends of
/// lines, marks that turn the direction of writing and other format characters become `\u{1b}`.
///
/// Letters of all languages stay as they are.
///
/// - Parameters:
///   - text: what somebody else may have written: a file's name, a value of a recipe.
///   - keepsLines: whether line feeds stay, for texts of several lines.
package func escaped(_ text: String, keepsLines: Bool = false) -> String {
  var result = String.UnicodeScalarView()
  for scalar in text.unicodeScalars {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .surrogate, .format:
      if keepsLines, scalar == "\n" {
        result.append(scalar)
      } else {
        result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
      }
    default: result.append(scalar)
    }
  }
  return String(result)
}

/// `text` as one line without control characters, of which at most 200 characters are shown.
package func oneLine(_ text: String) -> String {
  let scalars = text.unicodeScalars
  guard scalars.count > 200 else { return escaped(text) }
  return escaped(String(String.UnicodeScalarView(scalars.prefix(200)))) + "..."
}

/// A name from a file, in quotes, fit for a message.
package func quoted(_ name: String) -> String { "'" + oneLine(name) + "'" }
