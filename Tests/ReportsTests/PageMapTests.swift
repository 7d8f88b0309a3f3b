import Foundation
import ImageIO
import Reports
import TestSupport
import Testing

/// The runs' pictures inside the page.
@Suite struct PageMapTests {
  private func page(_ path: String) throws -> String {
    ReportPage([try RunRecord(folder: path)]).html
  }

  private func pictures(_ path: String, _ image: String) throws -> URL {
    let folder = URL(fileURLWithPath: path).appending(path: "pictures/\(image)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  @Test func theFirstTheLastAndSomeBetween() throws {
    try withTemporaryFolder { folder in
      let path = try Folders(folder: folder).run("rdd", seed: 1, method: "rdd", meanIoU: [20])
      let place = try pictures(path, "scene_1")
      for iteration in 1...15 {
        let name = String(format: "iteration_%07d.png", iteration)
        try Data([UInt8(iteration)]).write(to: place.appending(path: name))
      }
      let page = try page(path)
      for (iteration, isShown) in [(1, true), (2, false), (3, true), (9, true), (15, true)] {
        let base64 = Data([UInt8(iteration)]).base64EncodedString()
        #expect(page.contains("base64,\(base64)\"") == isShown, "\(iteration)")
      }
      #expect(page.contains("data-iterations=\"1,3,5,7,9,11,13,15\""))
      #expect(page.contains("<figure data-iteration=\"15\"><figcaption>iteration 15</figcaption>"))
      #expect(page.contains("7 pictures are left out"))
      let alternative =
        "alt=\"rdd: scene_1, iteration 1: photo, labels, what teacher and student say"
      #expect(page.contains(alternative))
      try expectBalanced(page)
    }
  }

  /// A teacher that learns from labels is nobody's student.
  @Test func aRunWithoutTeacherHasNoStudent() throws {
    try withTemporaryFolder { folder in
      let path = try Folders(folder: folder).run("teacher", seed: 1, method: "none", meanIoU: [20])
      try Data([1]).write(to: try pictures(path, "a").appending(path: "iteration_0000010.png"))
      let alternative = "teacher: a, iteration 10: photo, labels and what the network says"
      #expect(try page(path).contains("alt=\"\(alternative)\""))
    }
  }

  /// Noise, which no file format makes small: the page has a size all the same.
  @Test func largePicturesBecomeSmaller() throws {
    try withTemporaryFolder { folder in
      let path = try Folders(folder: folder).run("kd", seed: 1, method: "kd", meanIoU: [20])
      var state: UInt32 = 1
      let noise = RGBImage(
        width: 700, height: 500,
        pixels: (0..<3 * 700 * 500).map { _ in
          state = state &* 1_664_525 &+ 1_013_904_223
          return UInt8(state >> 24)
        })
      let bytes = Data(try PNGWriter.encode(noise))
      for image in ["a", "b"] {
        let place = try pictures(path, image)
        for iteration in 1...6 {
          try bytes.write(to: place.appending(path: "iteration_\(iteration).png"))
        }
      }
      let text = try page(path)
      #expect(bytes.count * 12 > 10_000_000 && text.utf8.count < 6_000_000)
      #expect(text.matches(of: #/data:image\/jpeg;base64,/#).count == 12)
      #expect(!text.contains("data:image/png"))
      // What is no picture cannot be made smaller.
      let other = try pictures(path, "c").appending(path: "iteration_1.png")
      try Data(count: 6_000_000).write(to: other)
      #expect(try page(path).contains("1 picture is left out"))
    }
  }

  @Test func aPictureThatCannotBeReadIsTold() throws {
    try withTemporaryFolder { folder in
      let path = try Folders(folder: folder).run("a", seed: 1, method: "kd", meanIoU: [20])
      let picture = path + "/pictures/scene/iteration_1.png"
      try FileManager.default.createDirectory(atPath: picture, withIntermediateDirectories: true)
      let text = try page(path)
      #expect(
        text.contains("a: scene, iteration 1 cannot be read: found a folder, device or pipe"))
      #expect(!text.contains("left out"))
    }
  }
}
