import Files
import Foundation
import Recipes

/// The pictures of runs, inside the page.
struct PageMaps {
  /// A file of an image's folder.
  private struct Picture {
    let path: String
    /// Its name without ending.
    let name: String
    /// After which it was drawn, where the name says it.
    var iteration: Int? { name.split(separator: "_").last.flatMap { Int($0) } }
  }

  /// One image of one run.
  private struct Image {
    let title: String
    let pictures: [Picture]
    let describes: String
  }

  private let images: [Image]
  /// What is there and cannot be read.
  private let faults: [String]
  private let files = FileStore()

  init(_ runs: [RunRecord], _ names: [String]) {
    let files = files
    var (images, faults): ([Image], [String]) = ([], [])
    /// The names in a folder, sorted; none where there is no such folder.
    func content(_ folder: String, _ title: String) -> [String] {
      do throws(SystemError) {
        return try files.names(folder).filter { !$0.hasPrefix(".") }.sorted()
      } catch {
        if !files.isAbsent(folder), error.code != ENOTDIR {
          faults.append("\(title) cannot be read: \(error)")
        }
        return []
      }
    }
    for (run, name) in zip(runs, names) {
      let root = run.path + "/pictures"
      for image in content(root, name) {
        let title = "\(name): \(image)"
        let pictures = content("\(root)/\(image)", title).filter { $0.hasSuffix(".png") }
          .map { Picture(path: "\(root)/\(image)/\($0)", name: String($0.dropLast(4))) }
        guard !pictures.isEmpty else { continue }
        images.append(
          Image(title: title, pictures: pictures, describes: Self.content(of: run.recipe)))
      }
    }
    (self.images, self.faults) = (images, faults)
  }

  /// What a run draws of an image.
  private static func content(of recipe: Recipe) -> String {
    recipe.distill.method == .none
      ? "photo, labels and what the network says"
      : "photo, labels, what teacher and student say, and how difficult the pixels are"
  }

  /// Each image of each run, by iteration; empty where no run has pictures. What is there and cannot
  /// be read is said in its place.
  var html: String {
    let most = images.map(\.pictures.count).max() ?? 0
    let page = PagePictures(images: images.count, most: most)
    var iterations: Set<Int> = []
    var left = 0
    let shown = images.map { image in
      let chosen = Set(page.chosen(image.pictures.map(\.path)))
      let figures = image.pictures.filter { chosen.contains($0.path) }.map { picture in
        let (figure, isShown) = figure(picture, image, page)
        if figure.isEmpty { left += 1 }
        if isShown, let iteration = picture.iteration { iterations.insert(iteration) }
        return figure
      }
      left += image.pictures.count - chosen.count
      return "<details class=\"maps\" open><summary>\(Markup.escaped(image.title))</summary>"
        + figures.joined(separator: "\n") + "</details>\n"
    }
    let which = left == 1 ? "1 picture is" : "\(left) pictures are"
    let note =
      left == 0
      ? "" : Markup.note("\(which) left out, to keep the page small: the run folders have all.")
    return slider(iterations.sorted()) + note + shown.joined() + faults.map(Markup.note).joined()
  }

  /// Moves through the iterations of all images at once; hidden until the script is there to obey it.
  private func slider(_ iterations: [Int]) -> String {
    guard iterations.count > 1 else { return "" }
    return """
      <form class="controls" id="map-controls" hidden \
      data-iterations="\(iterations.map(String.init).joined(separator: ","))">
      <label>iteration <input id="map-iteration" type="range" min="0" max="\(iterations.count - 1)" \
      value="\(iterations.count - 1)"><output for="map-iteration">\(iterations[iterations.count - 1])\
      </output></label></form>

      """
  }

  /// A picture with its caption, and whether it is there.
  private func figure(
    _ picture: Picture, _ image: Image, _ page: PagePictures
  ) -> (html: String, isShown: Bool) {
    let title = picture.iteration.map { "iteration \($0)" } ?? picture.name
    let name = Markup.escaped("\(image.title), \(title)")
    do throws(FileError) {
      guard let address = try page.address(picture.path, files: files) else { return ("", false) }
      let iteration = picture.iteration.map { " data-iteration=\"\($0)\"" } ?? ""
      return (
        "<figure\(iteration)><figcaption>\(Markup.escaped(title))</figcaption>"
          + "<img alt=\"\(name): \(image.describes)\" src=\"\(address)\"></figure>", true
      )
    } catch {
      return (Markup.note("\(image.title), \(title) cannot be read: \(error.detail)"), false)
    }
  }
}
