/// The letters of captions: lines of a round pen, so that they are smooth at every size.
///
/// The unit is a pixel of the smallest size: capitals are 9 high, small letters 6, tails go down to -3, and
/// all lines of a letter at whole numbers are sharp there.
package enum StrokeFont {
  /// A point; y goes up from the line that letters stand on.
  package struct Point: Sendable, Equatable {
    /// To the right.
    package var x: Float
    /// Up.
    package var y: Float
  }

  /// A letter.
  package struct Glyph: Sendable, Equatable {
    /// Lines from point to point.
    package var strokes: [[Point]]
    /// From this letter to the next.
    package var advance: Int
  }

  /// The height of a line of text, tails and a margin of a unit included.
  package static let height = 15
  /// How far below the top of such a line letters stand.
  package static let base = 10
  /// The pen's width.
  package static let pen: Float = 1.35
  /// What a space takes.
  package static let space = 4

  /// How a character looks; nil for a space. One that the font lacks is a question mark.
  package static func glyph(_ character: Character) -> Glyph? {
    character == " " ? nil : glyphs[character] ?? glyphs["?"]
  }

  /// The characters that the font has.
  package static var characters: [Character] { Array(glyphs.keys) }

  private static let glyphs: [Character: Glyph] = {
    var glyphs: [Character: Glyph] = [:]
    for line in drawings.split(separator: "\n") {
      guard let character = line.first else { continue }
      let strokes = line.dropFirst().split(separator: " ", omittingEmptySubsequences: true)
      var lines: [[Point]] = []
      var points: [Point] = []
      var kind = Kind.straight
      /// Ends a line.
      func end() {
        if !points.isEmpty { lines.append(kind.flattened(points)) }
        (points, kind) = ([], .straight)
      }
      for word in strokes {
        switch word {
        case "/": end()
        case "~": kind = .smooth
        case "o": kind = .closed
        default:
          let numbers = word.split(separator: ",").compactMap { Float($0) }
          precondition(numbers.count == 2, "StrokeFont: \(character): \(word)")
          points.append(Point(x: numbers[0], y: numbers[1]))
        }
      }
      end()
      // Half a pen on both sides, and some room.
      let right = lines.joined().map(\.x).max() ?? 0
      glyphs[character] = Glyph(strokes: lines, advance: Int((right + 1.5).rounded(.up)))
    }
    return glyphs
  }()

  /// What leads from point to point.
  private enum Kind {
    case straight
    /// A curve between the first and the last point, which touches the lines between the others in
    /// their middles (a quadratic spline).
    case smooth
    /// The same without an end.
    case closed

    /// Straight pieces of a curve.
    private static let pieces = 6

    func flattened(_ points: [Point]) -> [Point] {
      guard self != .straight, points.count > 2 else { return points }
      func middle(_ a: Point, _ b: Point) -> Point { Point(x: (a.x + b.x) / 2, y: (a.y + b.y) / 2) }
      let count = points.count
      let corners = self == .closed ? Array(points.indices) : Array(1..<count - 1)
      var line: [Point] = []
      for corner in corners {
        let (before, at, after) = (
          points[(corner + count - 1) % count], points[corner], points[(corner + 1) % count]
        )
        let isFirst = self == .smooth && corner == 1
        let isLast = self == .smooth && corner == count - 2
        let (from, to) = (isFirst ? before : middle(before, at), isLast ? after : middle(at, after))
        if line.isEmpty { line.append(from) }
        for piece in 1...Self.pieces {
          let t = Float(piece) / Float(Self.pieces)
          let (a, b, c) = ((1 - t) * (1 - t), 2 * t * (1 - t), t * t)
          line.append(
            Point(x: a * from.x + b * at.x + c * to.x, y: a * from.y + b * at.y + c * to.y))
        }
      }
      return line
    }
  }

  /// A character a line: points, `/` between strokes, `~` before a smooth one, `o` before one that is
  /// smooth and closed.
  private static let drawings = """
    A 0.5,0 4,9 7.5,0 / 1.7,3 6.3,3
    B 1,0 1,9 / ~ 1,9 4,9 6.2,9 6.2,5 4,5 1,5 / ~ 1,5 4.2,5 6.8,5 6.8,0 4.2,0 1,0
    C ~ 7,7 6.2,9 4.2,9 1,9 1,0 4.2,0 6.2,0 7,2
    D 1,0 1,9 / ~ 1,9 3.4,9 7.4,9 7.4,0 3.4,0 1,0
    E 6.2,9 1,9 1,0 6.2,0 / 1,5 5.4,5
    F 6,9 1,9 1,0 / 1,5 5.2,5
    G ~ 7,7 6.2,9 4.2,9 1,9 1,0 4.2,0 7.2,0 7.2,2.4 7.2,4 / 4.6,4 7.2,4
    H 1,0 1,9 / 7,0 7,9 / 1,5 7,5
    I 1,0 1,9
    J ~ 5,9 5,4 5,0 3,0 1.2,0 0.8,2
    K 1,0 1,9 / 6.8,9 1,3.4 / 3,5.3 7.2,0
    L 1,9 1,0 6,0
    M 1,0 1,9 5,2.4 9,9 9,0
    N 1,0 1,9 7,0 7,9
    O o 1,9 8,9 8,0 1,0
    P 1,0 1,9 / ~ 1,9 4.2,9 6.8,9 6.8,4 4.2,4 1,4
    Q o 1,9 8,9 8,0 1,0 / 5.2,2.4 8.2,-0.8
    R 1,0 1,9 / ~ 1,9 4.2,9 6.8,9 6.8,4 4.2,4 1,4 / 4.2,4 7.1,0
    S ~ 6.5,7.2 5.9,9 3.8,9 1,9 1,5.4 3.8,4.7 6.8,4 6.8,0 3.8,0 1.3,0 0.8,1.9
    T 0.5,9 7.5,9 / 4,9 4,0
    U ~ 1,9 1,5 1,0 4,0 7,0 7,5 7,9
    V 0.5,9 4,0 7.5,9
    W 0.5,9 3.1,0 5.75,8.6 8.4,0 11,9
    X 0.7,0 7,9 / 0.7,9 7,0
    Y 0.5,9 4,4.4 7.5,9 / 4,4.4 4,0
    Z 0.9,9 6.8,9 0.8,0 7,0
    a ~ 1.2,4.7 1.6,6 3.2,6 5,6 5,4.2 5,2 5,0 / ~ 5,3.5 3.4,3.5 1,3.5 1,0 3,0 4.7,0 5,2
    b 1,9 1,0 / ~ 1,3 1,6 3.5,6 6,6 6,0 3.5,0 1,0 1,3
    c ~ 5.3,4.6 4.9,6 3.4,6 1,6 1,0 3.4,0 4.9,0 5.3,1.4
    d 6,9 6,0 / ~ 6,3 6,6 3.5,6 1,6 1,0 3.5,0 6,0 6,3
    e 1.1,3 6,3 / ~ 6,3 6,6 3.5,6 1,6 1,0 3.6,0 5.1,0 5.7,1.4
    f ~ 4.4,8.9 4,9 2,9.2 2,6.6 2,3 2,0 / 0.6,6 4,6
    g ~ 6,6 6,2 6,-3 3.5,-3 1.7,-3 1.3,-1.7 / ~ 6,3 6,6 3.5,6 1,6 1,0 3.5,0 6,0 6,3
    h 1,9 1,0 / ~ 1,3 1.2,6 3.6,6 6,6 6,3 6,1 6,0
    i 1,6 1,0 / 1,8.5 1,8.8
    j ~ 2,6 2,1 2,-3 0.9,-3 0.3,-2.9 / 2,8.5 2,8.8
    k 1,9 1,0 / 5.3,6 1,2 / 2.6,3.5 5.7,0
    l ~ 1,9 1,5 1,2 1,0 2.6,0
    m 1,6 1,0 / ~ 1,3 1.1,6 3.1,6 5,6 5,3 5,1 5,0 / ~ 5,3 5.1,6 7.1,6 9,6 9,3 9,1 9,0
    n 1,6 1,0 / ~ 1,3 1.2,6 3.6,6 6,6 6,3 6,1 6,0
    o o 1,6 6,6 6,0 1,0
    p 1,6 1,-3 / ~ 1,3 1,6 3.5,6 6,6 6,0 3.5,0 1,0 1,3
    q 6,6 6,-3 / ~ 6,3 6,6 3.5,6 1,6 1,0 3.5,0 6,0 6,3
    r 1,6 1,0 / ~ 1,3 1.1,6 3,6 3.8,5.9
    s ~ 4.8,4.9 4.4,6 2.9,6 1,6 1,3.6 2.9,3.1 5,2.6 5,0 2.9,0 1.2,0 0.8,1.3
    t ~ 2,8 2,3 2,0 3.6,0 4.4,0.2 / 0.6,6 4.2,6
    u ~ 1,6 1,5 1,3 1,0 3.4,0 5.8,0 6,3 / 6,6 6,0
    v 0.6,6 3.3,0 6,6
    w 0.5,6 2.6,0 4.75,5.7 6.9,0 9,6
    x 0.7,0 5.4,6 / 0.7,6 5.4,0
    y 0.6,6 3.3,0 / ~ 6,6 3.3,0 2.2,-3 0.7,-3
    z 0.9,6 5.2,6 0.8,0 5.4,0
    0 o 1,9 6.6,9 6.6,0 1,0
    1 1.6,7 4,9 4,0
    2 ~ 1,6.6 1.1,9 3.8,9 6.4,9 6.4,5.8 4.4,3.6 0.9,0 / 0.9,0 6.6,0
    3 ~ 1.1,7.3 1.6,9 3.6,9 6.3,9 6.3,5 3.6,5 2.6,5 / ~ 2.6,5 3.7,5 6.6,5 6.6,0 3.7,0 1.3,0 0.8,1.9
    4 5,0 5,9 0.8,3 6.7,3
    5 6,9 1.6,9 1.2,4.6 / ~ 1.2,4.6 2,5.8 3.6,5.8 6.6,5.8 6.6,0 3.6,0 1.5,0 0.8,1.9
    6 ~ 6,7.6 5.5,9 4,9 1,9 1,5.5 1,3 / o 1,5.8 6.6,5.8 6.6,0 1,0
    7 0.9,9 6.5,9 2.8,0
    8 o 1.3,9 6.3,9 6.3,5 1.3,5 / o 0.9,5 6.7,5 6.7,0 0.9,0
    9 ~ 1.5,1.4 2,0 3.6,0 6.6,0 6.6,3.5 6.6,6 / o 1,9 6.6,9 6.6,3.2 1,3.2
    . 1,0 1.1,0.2
    , 1.5,0.2 0.9,-1.7
    : 1,0 1.1,0.2 / 1,5 1.1,5.2
    ; 1.5,0.2 0.9,-1.7 / 1.5,5 1.6,5.2
    ! 1,9 1,3 / 1,0 1.1,0.2
    ? ~ 0.9,7 1,9 3.2,9 5.6,9 5.6,6.6 3.4,5 3.3,3.6 3.3,2.8 / 3.3,0 3.4,0.2
    ' 1,9 1,6.6
    " 1,9 1,6.6 / 3.4,9 3.4,6.6
    - 1,3 4,3
    + 1,4 7,4 / 4,1 4,7
    = 1,6 7,6 / 1,3 7,3
    ~ ~ 1,3.4 1.6,5.2 3.4,4.6 4.8,3.4 6.6,2.8 7.2,4.6
    * 3,9 3,5 / 1.3,8 4.7,6 / 1.3,6 4.7,8
    / 0.5,-1 4.6,9.7
    \\ 4.6,-1 0.5,9.7
    | 1,-2 1,9.7
    % o 1,9 4.2,9 4.2,5 1,5 / o 5.8,4 9,4 9,0 5.8,0 / 7.4,9 2.6,0
    # 2.5,0 3.7,9 / 5.5,0 6.7,9 / 1,6 8,6 / 0.8,3 7.8,3
    $ ~ 6.5,7.2 5.9,9 3.8,9 1,9 1,5.4 3.8,4.7 6.8,4 6.8,0 3.8,0 1.3,0 0.8,1.9 / 4,9.8 4,-1.4
    & ~ 7,4 6.4,0 3.6,0 0.9,0 0.9,4 2.8,5 5.2,6.4 5.2,9 3.2,9 1.4,9 1.4,6.8 2.6,5.2 7.2,0
    @ ~ 7.6,-1.4 6,-2 1,-2.6 1,9 9.6,9 9.6,1.4 7.4,1.6 7,2.4 7,6 / o 3.4,6 7,6 7,1.8 3.4,1.8
    ^ 1,5.6 3.4,9 5.8,5.6
    < 6.6,7 1,4 6.6,1
    > 1,7 6.6,4 1,1
    ( ~ 3,9.7 1,7.5 1,0.5 3,-2
    ) ~ 0.8,9.7 2.8,7.5 2.8,0.5 0.8,-2
    [ 3,9.7 1,9.7 1,-2 3,-2
    ] 0.8,9.7 2.8,9.7 2.8,-2 0.8,-2
    { ~ 3.8,9.7 2.4,9.7 2.4,7 2.4,4 1,4 2.4,4 2.4,1 2.4,-2 3.8,-2
    } ~ 0.8,9.7 2.2,9.7 2.2,7 2.2,4 3.6,4 2.2,4 2.2,1 2.2,-2 0.8,-2
    _ 0.5,-2 6,-2
    ` 1,9.4 2.2,7.6
    """
}
