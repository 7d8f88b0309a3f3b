import Foundation

/// The pictures of runs, inside the page.
struct PageMaps {
  private let runs: [RunRecord]
  private let names: [String]

  /// The most pictures of one image that a page holds: the first, the last, and some between.
  private static let limit = 5

  init(_ runs: [RunRecord], _ names: [String]) { (self.runs, self.names) = (runs, names) }

  /// Each image of each run, by iteration; empty where no run has pictures.
  var html: String {
    zip(runs, names).map { run, name in
      let root = run.path + "/pictures"
      let images = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
      return images.sorted().map { image in
        let files = Self.chosen(
          ((try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(image)")) ?? [])
            .filter { $0.hasSuffix(".png") }.sorted())
        let pictures = files.compactMap { file -> String? in
          guard let bytes = FileManager.default.contents(atPath: "\(root)/\(image)/\(file)") else {
            return nil
          }
          let text = Markup.escaped("\(name): \(image), \(file.dropLast(4))")
          return
            "<img alt=\"\(text)\" src=\"data:image/png;base64,\(bytes.base64EncodedString())\">"
        }
        guard !pictures.isEmpty else { return "" }
        return
          "<details class=\"maps\" open><summary>\(Markup.escaped("\(name): \(image)"))</summary>"
          + pictures.joined(separator: "\n") + "</details>\n"
      }.joined()
    }.joined()
  }

  private static func chosen(_ files: [String]) -> [String] {
    guard files.count > limit else { return files }
    return (0..<limit).map { files[$0 * (files.count - 1) / (limit - 1)] }
  }
}
