/// A value as it was written, before it has a type, and where that was.
struct Written {
  var form: Form
  var place: Place

  /// The three forms that values have in a recipe.
  enum Form {
    /// Text; `isQuoted` when quotes stood around it.
    case scalar(String, isQuoted: Bool)
    /// `[a, b]` or lines of `- a`.
    case list([Written])
    /// Lines of `key: value`, in the order of the text.
    case section([Entry])
  }

  /// One `key: value` of a section; `place` is that of the key.
  struct Entry {
    var key: String
    var place: Place
    var value: Written
  }

  /// The text, if the value is a scalar.
  var text: String? {
    if case .scalar(let text, _) = form { text } else { nil }
  }

  /// The text, if the value is a scalar without quotes: only such text can be a word like `none`.
  var word: String? {
    if case .scalar(let text, isQuoted: false) = form { text } else { nil }
  }

  /// Whether nothing stands behind the colon.
  var isEmpty: Bool { word.map { ["", "~", "null"].contains($0) } ?? false }

  /// The value for messages.
  var description: String {
    switch form {
    case .scalar(let text, _): isEmpty ? "nothing" : text.quotedForMessage
    case .list(let values): "a list of \(values.count)"
    case .section: "a section"
    }
  }
}

/// Where something was written.
struct Place: Equatable {
  /// For messages: `file:line`, `--set key=value`, `preset paper`.
  var name: String
  /// The folder that relative paths start from; absolute.
  var folder: String
}
