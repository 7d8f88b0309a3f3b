/// What the program knows of one way in which label files name classes. Its file in `Formats` makes it,
/// and `FormatTable` lists it; nothing else knows a format by its name.
package struct FormatCard: Sendable {
  /// The name that recipes use, as `cityscapes`.
  package let name: String
  /// The name in words, as `Cityscapes`.
  package let title: String
  /// What its values are, in a few words for the table of keys: `CamVid (11 ignored)`.
  package let meaning: String
  /// The classes of the data set; nil where only the user knows them.
  package var classes: ClassList?
  /// The crop that the paper trains with.
  package var crop = CropSize(height: 512, width: 512)
  /// The published weight of each class; nil if there are none.
  package var classWeights: [Float]?
  /// The stored value of each of `count` classes, in the order of the classes.
  package var values: @Sendable (_ count: Int) -> [UInt8] = { count in (0..<count).map { UInt8($0) }
  }
  /// The stored values that are ignored; one that is a class's too is the class.
  package var ignored: Set<UInt8> = [ignoreIndex]
  /// The folders of samples that a list names by ids alone; nil if it cannot.
  package var ids: IDFolders?
  /// Whether somebody's label files are most likely of this format; nil if they are not.
  package var recognise: @Sendable (LabelTraits) -> Recognition? = { _ in nil }

  /// Where the files of an id lie, under the root.
  package struct IDFolders: Sendable {
    /// The folder of the images, `ID.jpg`.
    package let images: String
    /// Folders of the labels, `ID.png`; the first that exists counts.
    package let labels: [String]
  }

  /// What a format says of label files that it takes for its own.
  package struct Recognition: Sendable {
    /// What only somebody who knows the labels can answer, a sentence each.
    package var questions: [String] = []
  }
}

/// What is seen of label files whose format is not known.
package struct LabelTraits: Sendable {
  /// The stored values that occur, in order.
  package let values: [Int]
  /// Words of the files' names, in small letters.
  package let words: Set<String>
  /// The folder of the files.
  package let folder: String

  /// The values that occur but for 255.
  package var named: [Int] { values.filter { $0 != 255 } }
  /// The highest of them; -1 if there is none.
  package var highest: Int { named.last ?? -1 }
}

/// The formats of label files. A format is a file in this folder and a line here.
package enum FormatTable {
  /// All of them. The first that takes label files for its own is proposed for them.
  package static let all: [FormatCard] = [
    Cityscapes.card,
    CamVid.card,
    PascalVOC.card,
    ADE20K.card,
    COCOStuff.card,
    TrainIDs.card,
  ]
}

/// A format of `FormatTable`, by its name.
package struct LabelFormat: RawRepresentable, CaseIterable, Hashable, Sendable {
  /// What the program knows of it.
  package let card: FormatCard

  /// Its name, as `cityscapes`.
  package var rawValue: String { card.name }

  /// The format of this name; nil if there is none.
  package init?(rawValue: String) {
    guard let card = FormatTable.all.first(where: { $0.name == rawValue }) else { return nil }
    self.card = card
  }

  /// The format of a card.
  package init(_ card: FormatCard) { self.card = card }

  /// All formats.
  package static let allCases = FormatTable.all.map { LabelFormat($0) }

  /// Whether its labels are the indices of `count` classes, and the next index is ignored.
  package func ignoresNext(to count: Int) -> Bool {
    card.classes?.count == count && card.values(count) == (0..<count).map { UInt8($0) }
      && card.ignored.contains(UInt8(count))
  }

  /// Cityscapes' ids.
  package static let cityscapes = LabelFormat(Cityscapes.card)
  /// Class indices as they are, 255 ignored; the user says how many.
  package static let trainIDs = LabelFormat(TrainIDs.card)

  /// Whether two are the same format.
  package static func == (left: LabelFormat, right: LabelFormat) -> Bool {
    left.rawValue == right.rawValue
  }

  /// Hashes the name.
  package func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}
