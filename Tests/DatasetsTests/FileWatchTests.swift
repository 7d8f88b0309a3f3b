import Datasets
import Files
import Foundation
import ImageIO
import Synchronization
import TestSupport
import Testing

/// Files that are looked at while samples are read, and files that are not there.
@Suite struct FileWatchTests {
  private func dataset(_ folder: TemporaryFolder) throws -> ListDataset {
    for name in ["a", "b"] {
      try PNGWriter.write(noise(width: 5, height: 4), to: folder.path + "/\(name).png")
      try PNGWriter.write(
        GrayImage(width: 5, height: 4, pixels: .init(repeating: 1, count: 20)),
        to: folder.path + "/\(name)-labels.png")
    }
    return try folder.list(
      "a.png a-labels.png\nb.png b-labels.png\n", encoding: #require(LabelEncoding.camvid))
  }

  @Test func everyFileIsLookedAtWithItsBytesAndMark() throws {
    let folder = try TemporaryFolder()
    let dataset = try dataset(folder)
    let seen = Mutex<[Int: (mark: FileMark, bytes: [UInt8])]>([:])
    let watched = dataset.watched(
      by: FileWatch { file, mark, bytes in
        seen.withLock { $0[file] = (mark, bytes) }
        return true
      })
    for index in 0..<2 { #expect(try watched.sample(index) == dataset.sample(index)) }
    let names = ["a.png", "a-labels.png", "b.png", "b-labels.png"]
    #expect(seen.withLock { $0.keys.sorted() } == [0, 1, 2, 3])
    for (file, name) in names.enumerated() {
      let path = folder.path + "/" + name
      let found = try #require(seen.withLock { $0[file] })
      #expect(try Data(found.bytes) == Data(contentsOf: URL(fileURLWithPath: path)))
      #expect(try found.mark.inode == Int(FileStore().status(path).inode))
    }
  }

  @Test(arguments: [(2, "/b.png"), (3, "/b-labels.png")])
  func aChangedFileIsNamed(file: Int, name: String) throws {
    let folder = try TemporaryFolder()
    let watched = try dataset(folder).watched(by: FileWatch { number, _, _ in number != file })
    _ = try watched.sample(0)
    let error = #expect(throws: DatasetError.self) { try watched.sample(1) }
    #expect(error?.place.hasSuffix(name) == true && error?.origin == .content)
    #expect(error?.reason.hasPrefix("changed since this run began: ") == true)
    // Of a file that lost its pixels too, that it changed is the better word.
    try Data("x".utf8).write(to: URL(fileURLWithPath: folder.path + name))
    let again = #expect(throws: DatasetError.self) { try watched.sample(1) }
    #expect(again?.reason.hasPrefix("changed since this run began: ") == true)
  }

  @Test func whereAFaultComesFromIsKept() throws {
    let folder = try TemporaryFolder()
    let dataset = try dataset(folder)
    try FileManager.default.removeItem(atPath: folder.path + "/b.png")
    let error = #expect(throws: DatasetError.self) { try dataset.sample(1) }
    #expect(error?.origin == .absence)
    for (code, kind) in [
      (ENOENT, ImageError.Kind.missing), (ENOTDIR, .missing), (EACCES, .file), (EIO, .inputOutput),
      (ESTALE, .inputOutput), (ENOTCONN, .inputOutput), (EMFILE, .tooManyFiles),
    ] {
      #expect(FileBytes.fault("x", SystemError(code: code)).kind == kind)
    }
  }
}
