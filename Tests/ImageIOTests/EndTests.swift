import Foundation
import ImageIO
import TestSupport
import Testing

/// Whether a file ends as its kind does: cheap, and enough to find those that are cut off.
@Suite struct EndTests {
  private func hasEnd(_ bytes: some Sequence<UInt8>, _ format: ImageHeader.Format) throws -> Bool {
    let folder = try TemporaryFolder()
    let path = folder.path + "/file"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return try ImageFile.hasEnd(path, format)
  }

  @Test func wholeFilesHaveTheirEnd() throws {
    let png = try PNGWriter.encode(GrayImage(width: 3, height: 2, pixels: [1, 2, 3, 4, 5, 6]))
    #expect(try hasEnd(png, .png))
    // Some programs write a few bytes behind the end.
    #expect(try hasEnd(png + [0, 0, 10], .png))
    #expect(try !hasEnd(png.dropLast(9), .png) && !hasEnd(png, .jpeg))
    for name in Fixtures.jpegs {
      let jpeg = try Fixtures.bytes(name)
      #expect(try hasEnd(jpeg, .jpeg) && hasEnd(jpeg + [0, 0], .jpeg))
      #expect(try !hasEnd(jpeg.dropLast(1), .jpeg) && !hasEnd(jpeg, .png))
    }
    #expect(try !hasEnd([], .png))
  }
}
