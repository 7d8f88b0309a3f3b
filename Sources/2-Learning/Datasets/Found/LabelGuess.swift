/// What the values of label files most likely mean.
package struct LabelGuess: Equatable, Sendable {
  /// How they name classes.
  package let encoding: LabelEncoding
  /// The ignored values that occur.
  package private(set) var ignored: [Int] = []
  /// The stored values of classes that do not occur.
  package private(set) var absent: [Int] = []
  /// What only somebody who knows the labels can answer, a sentence each.
  package private(set) var questions: [String] = []

  /// Guesses by the values that occur, and by the names of the files.
  ///
  /// - Parameters:
  ///   - counts: of the stored values, as a survey counts them.
  ///   - words: words of the label files' names, in small letters.
  ///   - folder: the folder of the label files.
  /// - Throws: `DatasetError` if the values are no class indices, or name no class at all.
  package init(_ counts: LabelCounts, words: Set<String>, folder: String) throws(DatasetError) {
    let values = counts.values
    let named = values.filter { $0 != 255 }
    guard let highest = named.last, !counts.isMask else {
      throw DatasetError(
        .label, at: folder,
        "only the values \(counts.valuesInWords); expected class indices, of which 255 is ignored; "
          + "write 1 in place of 255 if this is a mask of black and white")
    }
    let traits = LabelTraits(values: values, words: words, folder: folder)
    let own = LabelFormat.allCases.lazy.compactMap { format in
      format.card.recognise(traits).flatMap { found in
        LabelEncoding(format).map { (encoding: $0, found: found) }
      }
    }.first
    if let own {
      encoding = own.encoding
      questions = own.found.questions
    } else if highest >= 8 * named.count + 30 {
      throw DatasetError(
        .label, at: folder,
        "the values \(counts.valuesInWords), too far apart for class indices; expected 0, 1, 2 and so "
          + "on, of which 255 is ignored; are these gray levels or colours? write the indices instead"
      )
    } else {
      encoding = .trainIDs(ClassList(count: highest + 1))
      ask(counts, highest)
    }
    let table = encoding.table
    ignored = values.filter { table[$0] == ignoreIndex }
    absent = table.indices.filter { table[$0] < encoding.classes.count && counts.stored[$0] == 0 }
  }

  /// What a stored value means: a class by its name, or `ignored`.
  package func meaning(of value: Int) -> String {
    let label = Int(encoding.table[value])
    return label < encoding.classes.count ? encoding.classes.names[label] : "ignored"
  }

  /// Asks where indices may have been counted otherwise.
  private mutating func ask(_ counts: LabelCounts, _ highest: Int) {
    guard counts.stored[255] == 0, highest > 0 else { return }
    if counts.stored[0] == 0 {
      questions = [
        "0 does not occur. If classes are counted from 1, subtract 1 from all values, and set "
          + "num_classes: \(highest)."
      ]
    } else {
      questions = [
        "No value is 255, so nothing is ignored. If 0 means 'ignored' and not 'background', write 255 in "
          + "its place and subtract 1 from all others; if \(highest) does, write 255 in its place. "
          + "num_classes is \(highest) then."
      ]
    }
  }
}
