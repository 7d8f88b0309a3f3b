import Foundation
import FuzzedReaders
import TestSupport
import Testing

/// The inputs that `launch/fuzz` begins with, and those that once broke something.
@Suite struct FuzzCorpusTests {
  @Test(arguments: FuzzedReader.allCases)
  func corpus(_ reader: FuzzedReader) throws {
    let folder = URL(fileURLWithPath: Repository.fixture("fuzz/\(reader.rawValue)"))
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    #expect(files.count > 3)
    let accepted = try files.filter { reader.read(Array(try Data(contentsOf: $0))) != nil }
    #expect(!accepted.isEmpty && accepted.count < files.count, "\(accepted.count)")
  }
}
