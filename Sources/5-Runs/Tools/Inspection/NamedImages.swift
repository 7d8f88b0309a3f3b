import Files
import Foundation
import Recipes
import Steps

/// The images that a command line names: files, folders of files, and lists.
package enum NamedImages {
  /// Endings of the files that are taken out of a folder.
  private static let endings = [".png", ".jpg", ".jpeg"]

  /// The files that are named, in the order of the words; those of a folder by name.
  ///
  /// A list has an image a line, or what `data.validation_list` has, of which labels are left out. Its
  /// paths start from the folder it lies in, or else from `data.root`. Blank lines and lines that start
  /// with `#` are skipped.
  ///
  /// - Parameters:
  ///   - words: files and folders.
  ///   - list: a list file.
  ///   - recipe: for `data.root`.
  /// - Throws: `TrainingError` (exit code 66) for a list that is missing, a folder without images, a line
  ///   that names no file; `FileError`.
  package static func files(_ words: [String], list: String?, _ recipe: Recipe) throws -> [String] {
    var files: [String] = []
    for word in words {
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: word, isDirectory: &isFolder)
      files += exists && isFolder.boolValue ? try images(inFolder: word) : [word]
    }
    if let list { files += try images(inList: list, recipe) }
    return files
  }

  private static func images(inFolder path: String) throws -> [String] {
    let names: [String]
    do throws(SystemError) {
      names = try FileStore().names(path)
    } catch {
      throw FileError.system(path, "opendir", error)
    }
    let found = names.filter { name in
      !name.hasPrefix(".") && endings.contains { name.lowercased().hasSuffix($0) }
    }
    guard !found.isEmpty else {
      throw TrainingError(
        .missingInput,
        "image: \(path): found a folder without PNG or JPEG files of its own; expected some; give the "
          + "folder that holds them, or a list with --list")
    }
    return found.sorted().map { "\(path.hasSuffix("/") ? String(path.dropLast()) : path)/\($0)" }
  }

  private static func images(inList path: String, _ recipe: Recipe) throws -> [String] {
    guard let text = try WholeFile.text(path, limit: 2 << 30) else {
      throw TrainingError(
        .missingInput,
        "--list: \(path): found no such file; expected a list with an image a line; correct the path"
      )
    }
    let places = [
      URL(fileURLWithPath: path).deletingLastPathComponent().path, DataSources.root(recipe.data),
    ]
    var files: [String] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let line = line.trimmingCharacters(in: .whitespacesAndNewlines)
      guard !line.isEmpty, !line.hasPrefix("#") else { continue }
      // A tab parts image and label where paths hold spaces.
      let words = line.split(separator: line.contains("\t") ? "\t" : " ")
      let names = [line, words.first.map { $0.trimmingCharacters(in: .whitespaces) } ?? line]
      let candidates = names.flatMap { name in
        name.hasPrefix("/") ? [name] + places.map { $0 + name } : places.map { "\($0)/\(name)" }
      }
      guard let file = candidates.first(where: FileManager.default.fileExists(atPath:)) else {
        throw TrainingError(
          .missingInput,
          "--list: \(path):\(index + 1): found no file \(names[1]) below \(places[0]) or data.root; "
            + "expected an image's path first in the line; correct it")
      }
      files.append(file)
    }
    guard !files.isEmpty else {
      throw TrainingError(
        .missingInput, "--list: \(path): found no line; expected an image a line; write some")
    }
    return files
  }
}
