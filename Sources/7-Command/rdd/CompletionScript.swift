import Foundation

/// The scripts for tab completion in bash, zsh and fish.
enum CompletionScript {
  /// What the parser's script for bash ends with: nothing of it completes where it knows no words.
  private static let end = "complete -o filenames -F _rdd rdd"

  /// The script for bash with all that bash completes by itself, such as the names of files; any other
  /// text as it is.
  static func completed(_ text: String) -> String {
    guard text.hasSuffix(end) || text.hasSuffix(end + "\n") else { return text }
    let start = text.range(of: end, options: .backwards)?.lowerBound ?? text.endIndex
    return text[..<start] + """
      _rdd_words() {
          _rdd "$@"
          # A key wants its value right behind it, and no quotes.
          [[ ${COMPREPLY[0]-} != *= ]] || compopt +o filenames -o nospace
      }

      complete -o default -o filenames -F _rdd_words rdd
      """
  }
}
