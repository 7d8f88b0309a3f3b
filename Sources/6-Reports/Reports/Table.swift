import Foundation

/// A table of the page: it says what it is, and the first column names the rows.
struct Table {
  /// What stands in a cell.
  enum Cell: Equatable {
    /// Words, on the left; they wrap.
    case text(String)
    /// A number, on the right.
    case number(String)
    /// A share of 1 as percent with two digits, and a bar as long, in one of the page's colours.
    case share(Double, colour: Int)
    /// The same, shaded in place of a bar, with one digit.
    case shade(Double)
    /// Nothing to say: "-".
    case nothing
    /// What is the highest of its row or column.
    indirect case highest(Cell)
  }

  /// A row.
  struct Row {
    let name: String
    let cells: [Cell]
    /// Which of the page's colours the row stands for.
    let colour: Int?

    init(_ name: String, _ cells: [Cell], colour: Int? = nil) {
      (self.name, self.cells, self.colour) = (name, cells, colour)
    }
  }

  let caption: String
  /// The heads of all columns, that of the rows' names included.
  let columns: [String]
  let rows: [Row]
  /// Whether the heads stand upright, for many narrow columns.
  var isUpright = false

  /// The element; it scrolls inside itself where the page is narrow, also by keys.
  var html: String {
    let header = columns.enumerated().map { index, name in
      "<th scope=\"col\"\(kind(index))><span>\(Markup.escaped(name))</span></th>"
    }
    let body = rows.map { row in
      let mark = row.colour.map { "<i class=\"swatch c\($0)\"></i>" } ?? ""
      return "<tr><th scope=\"row\">\(mark)\(Markup.escaped(row.name))</th>"
        + row.cells.map(Self.cell).joined() + "</tr>"
    }
    return """
      <div class="wide" role="region" tabindex="0" aria-label="\(Markup.escaped(caption))">\
      <table><caption>\(Markup.escaped(caption))</caption>
      <thead><tr>\(header.joined())</tr></thead><tbody>
      \(body.joined(separator: "\n"))</tbody></table></div>

      """
  }

  /// The class of a column's head, which stands where the cells do.
  private func kind(_ column: Int) -> String {
    if column == 0 || rows.contains(where: { $0.cells[column - 1].isText }) {
      return " class=\"text\""
    }
    return isUpright ? " class=\"narrow\"" : ""
  }

  private static func cell(_ cell: Cell) -> String {
    switch cell {
    case .text(let text): return "<td class=\"text\">\(Markup.escaped(text))</td>"
    case .number(let text): return "<td>\(Markup.escaped(text))</td>"
    case .nothing: return "<td>-</td>"
    case .share(let share, let colour):
      return "<td class=\"bar\"><i class=\"c\(colour)\" style=\"width:\(percent(share, 1))%\"></i>"
        + "<span>\(percent(share, 2))</span></td>"
    case .shade(let share):
      // At full strength the number could not be read.
      return "<td class=\"shade\" style=\"--share:\(percent(0.55 * share, 1))%\">"
        + "\(percent(share, 1))</td>"
    case .highest(let cell):
      // Not by colour or weight alone; a screen reader says the word.
      return Self.cell(cell).replacing(
        "</td>",
        with: "<b title=\"highest\">&#9733;"
          + "<span class=\"unseen\">highest</span></b></td>")
    }
  }

  private static func percent(_ share: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)f", 100 * share)
  }
}

extension Table.Cell {
  fileprivate var isText: Bool {
    switch self {
    case .text: true
    case .highest(let cell): cell.isText
    default: false
    }
  }

  /// The cells, the highest of which are marked by `values`; none is where all are equal.
  static func marking(_ cells: [Table.Cell], by values: [Double?]) -> [Table.Cell] {
    let known = values.compactMap { $0 }
    guard let most = known.max(), let least = known.min(), most > least else { return cells }
    return zip(cells, values).map { $1 == most ? .highest($0) : $0 }
  }
}
