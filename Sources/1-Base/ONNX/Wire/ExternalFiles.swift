import Files
import Glibc

/// The files beside a model that hold data of its tensors, each read once.
final class ExternalFiles {
  private let model: String
  private let limit: Int
  private let files: FileStore
  private var regions: [String: ByteRegion] = [:]
  private var byteCount = 0

  init(model: String, limit: Int, files: FileStore) {
    self.model = model
    self.limit = limit
    self.files = files
  }

  /// The bytes of a tensor.
  ///
  /// - Parameters:
  ///   - entries: what the tensor says: `location`, and perhaps `offset` and `length`.
  ///   - count: the bytes that its type and shape need.
  ///   - place: the tensor, for messages.
  func bytes(
    _ entries: [String: String], count: Int, place: String
  ) throws(FileError) -> ByteRegion {
    guard let location = entries["location"] else {
      throw .refused(model, place, found: "external data without location", expected: "a file")
    }
    let region = try region(location, place: place)
    let offset = try number(entries["offset"] ?? "0", place: place)
    let length = try number(entries["length"] ?? "\(count)", place: place)
    guard length == count else {
      throw .refused(
        model, place, found: "\(length) bytes of external data", expected: "\(count)")
    }
    guard offset <= region.count, length <= region.count - offset else {
      throw .refused(
        model, place, found: "bytes \(offset) to \(offset) + \(length) of \(quoted(location))",
        expected: "bytes of its \(region.count)")
    }
    return region[offset..<offset + length]
  }

  private func number(_ text: String, place: String) throws(FileError) -> Int {
    guard let number = Int(text), number >= 0 else {
      throw .refused(
        model, place, found: "the offset or length \(quoted(text))", expected: "0 to 2^63 - 1")
    }
    return number
  }

  private func region(_ location: String, place: String) throws(FileError) -> ByteRegion {
    if let region = regions[location] { return region }
    let file = try InputFile.open(try path(location, place: place), files: files)
    guard file.byteCount <= limit - byteCount else {
      throw .refused(
        model, place, found: "more external data", expected: "at most \(limit) bytes",
        advice: "give a smaller network")
    }
    byteCount += file.byteCount
    let region = try file.region(file.byteCount)
    regions[location] = region
    return region
  }

  /// The path of a file beside the model or in folders there; no step of it is a link.
  private func path(_ location: String, place: String) throws(FileError) -> String {
    let steps = location.split(separator: "/", omittingEmptySubsequences: false)
    guard !location.contains("\0"),
      steps.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
    else {
      throw .refused(
        model, place, found: "external data in \(quoted(location))",
        expected: "a file beside the model", advice: "move it there and save the model again")
    }
    let folder = model.lastIndex(of: "/").map { String(model[...$0]) } ?? ""
    var path = folder
    for (index, step) in steps.enumerated() {
      path += step
      let kind: FileStatus.Kind
      do throws(SystemError) {
        kind = try files.linkStatus(path).kind
      } catch {
        guard error.code == ENOENT else { throw .system(path, "lstat", error) }
        throw .refused(
          model, place, found: "no file \(quoted(location)) beside the model",
          expected: "the data of its tensors", advice: "copy it there")
      }
      let isLast = index == steps.count - 1
      guard kind == (isLast ? .regular : .folder) else {
        throw .refused(
          model, place, found: "external data in \(quoted(location)), no plain file",
          expected: "a file beside the model, without links", advice: "copy it there")
      }
      if !isLast { path += "/" }
    }
    return path
  }
}
