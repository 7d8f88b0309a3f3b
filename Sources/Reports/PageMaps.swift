import Files
import Foundation

/// The pictures of runs, inside the page.
struct PageMaps {
  private let runs: [RunRecord]
  private let names: [String]
  private let files = FileStore()

  /// The most pictures of one image that a page holds: the first, the last, and some between.
  private static let limit = 5
  /// The most bytes of a picture.
  private static let byteLimit = 256 << 20

  init(_ runs: [RunRecord], _ names: [String]) { (self.runs, self.names) = (runs, names) }

  /// Each image of each run, by iteration; empty where no run has pictures. What is there and cannot
  /// be read is said in its place.
  var html: String {
    zip(runs, names).map { run, name in
      let root = run.path + "/pictures"
      return readable(root, name) { names in
        names.map { pictures("\(root)/\($0)", "\(name): \($0)") }.joined()
      }
    }.joined()
  }

  /// The pictures of one image.
  private func pictures(_ folder: String, _ title: String) -> String {
    readable(folder, title) { names in
      let shown = Self.chosen(names.filter { $0.hasSuffix(".png") })
        .map { picture("\(folder)/\($0)", "\(title), \($0.dropLast(4))") }
      guard !shown.isEmpty else { return "" }
      return "<details class=\"maps\" open><summary>\(Markup.escaped(title))</summary>"
        + shown.joined(separator: "\n") + "</details>\n"
    }
  }

  private func picture(_ path: String, _ title: String) -> String {
    do throws(FileError) {
      guard let bytes = try WholeFile.bytes(path, limit: Self.byteLimit, files: files) else {
        return ""
      }
      let data = Data(bytes).base64EncodedString()
      return "<img alt=\"\(Markup.escaped(title))\" src=\"data:image/png;base64,\(data)\">"
    } catch {
      return unreadable(title, error.detail)
    }
  }

  /// What `body` makes of the names in a folder, sorted; nothing where there is no such folder.
  private func readable(
    _ folder: String, _ title: String, _ body: ([String]) -> String
  ) -> String {
    do throws(SystemError) {
      return body(try files.names(folder).filter { !$0.hasPrefix(".") }.sorted())
    } catch {
      return files.isAbsent(folder) || error.code == ENOTDIR ? "" : unreadable(title, "\(error)")
    }
  }

  private func unreadable(_ title: String, _ reason: String) -> String {
    "<p class=\"soft\">\(Markup.escaped("\(title) cannot be read: \(reason)"))</p>\n"
  }

  private static func chosen(_ files: [String]) -> [String] {
    guard files.count > limit else { return files }
    return (0..<limit).map { files[$0 * (files.count - 1) / (limit - 1)] }
  }
}
