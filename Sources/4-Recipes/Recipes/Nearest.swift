/// The word nearest to another: what a typist most likely meant.
///
/// A word with dots is also compared by its last part alone, so that a key in the wrong section finds
/// its own.
///
/// - Returns: the nearest word, the first of equals; nil where none is near: more than a third of the
///   word's last part is another.
package func nearest(to word: String, among words: some Sequence<String>) -> String? {
  let last = lastPart(of: word)
  let most = (last.utf8.count + 2) / 3
  func distance(_ other: String) -> (Int, Int) {
    let whole = editDistance(word, other)
    return (min(whole, editDistance(last, lastPart(of: other)) + 2), whole)
  }
  func isNear(_ other: String, _ distance: Int) -> Bool {
    distance <= most || lastPart(of: other) == last
  }
  return words.map { ($0, distance($0)) }.filter { isNear($0.0, $0.1.0) }
    .min { $0.1 < $1.1 }?.0
}

/// What stands behind the last point.
func lastPart(of path: String) -> String {
  path.split(separator: ".").last.map(String.init) ?? path
}

/// Insertions, deletions and replacements that turn one word into another (Levenshtein).
///
/// Words longer than 100 bytes are cut: no key is that long.
private func editDistance(_ first: String, _ second: String) -> Int {
  let (a, b) = (Array(first.utf8.prefix(100)), Array(second.utf8.prefix(100)))
  var row = Array(0...b.count)
  for i in a.indices {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let replaced = diagonal + (a[i] == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
    }
  }
  return row[b.count]
}
