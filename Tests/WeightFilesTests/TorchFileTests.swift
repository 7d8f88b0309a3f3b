import Foundation
import TestSupport
import Testing
import WeightFiles

/// Files of torch.save, written by Tests/Fixtures/pth/make_pth.py.
@Suite struct TorchFileTests {
  static func lines(_ name: String) throws -> [[String]] {
    let text = try String(contentsOfFile: Repository.fixture("pth") + "/" + name, encoding: .utf8)
    return text.split(separator: "\n").map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
  }

  private func bytes(_ digits: String) -> [UInt8] {
    var rest = Substring(digits)
    var bytes: [UInt8] = []
    while let byte = UInt8(rest.prefix(2), radix: 16) {
      bytes.append(byte)
      rest = rest.dropFirst(2)
    }
    return bytes
  }

  @Test func tensorsAreAsPythonSaysTheyAre() throws {
    let files = Dictionary(grouping: try Self.lines("expected.tsv"), by: { $0[0] })
    #expect(files.count == 28)
    for (file, lines) in files {
      let archive = try WeightFile.read(Repository.fixture("pth") + "/" + file)
      #expect(archive.tensors.map(\.name) == lines.map { $0[1] }, "\(file)")
      for (tensor, line) in zip(archive.tensors, lines) {
        let shape = line[3] == "scalar" ? [] : line[3].split(separator: "x").compactMap { Int($0) }
        #expect(tensor.elementType.rawValue == line[2], "\(file) \(tensor.name)")
        #expect(tensor.shape == shape, "\(file) \(tensor.name)")
        #expect(tensor.bytes.array == bytes(line[4]), "\(file) \(tensor.name)")
      }
    }
  }

  @Test func hostileAndOtherFilesAreRefused() throws {
    let files = try Self.lines("refused.tsv")
    #expect(files.count == 34)
    for line in files {
      let message = try #require(refusal(Repository.fixture("pth") + "/" + line[0]), "\(line[0])")
      #expect(message.contains(line[1]), "\(line[0]): \(message)")
    }
  }

  /// A truncated file of torch.save is never read in part.
  @Test(arguments: ["views_zip.pth", "views_legacy.pth"])
  func everyTruncationIsRefused(_ name: String) throws {
    let folder = try TemporaryFolder()
    let whole = try contents(Repository.fixture("pth") + "/" + name)
    for count in 0..<whole.count {
      #expect(refusal(try folder.write(Array(whole[..<count]))) != nil, "\(count) bytes")
    }
  }
}
