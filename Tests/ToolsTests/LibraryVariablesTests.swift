import Foundation
import Testing
import Tools

/// What the environment says to libraries.
@Suite(.serialized) struct LibraryVariablesTests {
  @Test func librariesDoNotSeeThem() {
    let names = ["ATEN_CPU_CAPABILITY", "DNNL_VERBOSE", "ONEDNN_VERBOSE"]
    for name in names { setenv(name, name == names[1] ? "" : "1", 1) }
    let lines = LibraryVariables.leaveOut()
    #expect(lines.map { $0.prefix { $0 != ":" } }.sorted() == [names[0][...], names[2][...]])
    #expect(names.allSatisfy { getenv($0) == nil })
    #expect(LibraryVariables.leaveOut().isEmpty)
  }
}
