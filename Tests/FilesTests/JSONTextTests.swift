import Files
import Testing

/// JSON as this program writes it.
@Suite struct JSONTextTests {
  private struct Value: Encodable {
    var z = "a/b"
    var a: Double
  }

  @Test func keysAreSortedAndSlashesStay() throws {
    #expect(try JSONText.of(Value(a: 1)) == #"{"a":1,"z":"a/b"}"#)
    #expect(try JSONText.of(Value(a: 1), isPretty: true).split(separator: "\n").count == 4)
  }

  @Test(arguments: [(Double.infinity, "inf"), (-.infinity, "-inf"), (.nan, "nan")])
  func whatIsNotFiniteIsAWordWhereAskedFor(_ number: Double, _ word: String) throws {
    #expect(throws: (any Error).self) { try JSONText.of(Value(a: number)) }
    let text = try JSONText.of(Value(a: number), spellsNumbers: true)
    #expect(text == "{\"a\":\"\(word)\",\"z\":\"a/b\"}")
  }
}
