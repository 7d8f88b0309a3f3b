/// The images of a folder and the label files of another that belong to them.
package struct FoundSamples: Sendable {
  /// The folder of the images; absolute.
  package let images: String
  /// The folder of the label files; absolute. It may be the same one, or lie in it.
  package let labels: String
  /// What belongs together, and what has no partner.
  package let files: FolderPairs
  /// Images that were found, with or without labels.
  package let imageCount: Int
  /// Label files that were found.
  package let labelCount: Int

  private static let photoEndings: Set<String> = ["png", "jpg", "jpeg"]

  /// Looks through two folders and those in them; no file is opened.
  ///
  /// - Parameters:
  ///   - images: the folder of the images, PNG or JPEG; absolute, without a slash at its end.
  ///   - labels: the folder of the label files, PNG; likewise.
  /// - Throws: `DatasetError` if a folder cannot be read, nothing is in it, or nothing fits together.
  package init(images: String, labels: String) throws(DatasetError) {
    self.images = images
    self.labels = labels
    let photos: [String]
    let masks: [String]
    if images == labels {
      (photos, masks) = Self.divided(
        try FolderFiles.paths(below: images, endings: Self.photoEndings))
    } else {
      photos = try FolderFiles.paths(
        below: images, endings: Self.photoEndings, leavingOut: labels)
      masks = try FolderFiles.paths(below: labels, endings: ["png"], leavingOut: images)
    }
    guard let photo = photos.first else {
      throw DatasetError(
        .list, at: images, "no PNG or JPEG file; expected the folder of the images")
    }
    guard let mask = masks.first else {
      throw DatasetError(.list, at: labels, "no PNG file; expected the folder of the label files")
    }
    (imageCount, labelCount) = (photos.count, masks.count)
    files = try FolderPairs(images: photos, labels: masks)
    guard !files.pairs.isEmpty else {
      throw DatasetError(
        .list, at: labels,
        "\(masks.count) label files, first \(mask), and none of them is called as one of the "
          + "\(photos.count) images of \(images), first \(photo); expected the same folders and names but "
          + "for words such as _label, _mask or _labelIds")
    }
  }

  /// Photos and label files of one folder: by their endings if they differ, else by words in their names.
  private static func divided(_ paths: [String]) -> (photos: [String], masks: [String]) {
    func isPNG(_ path: String) -> Bool { path.lowercased().hasSuffix(".png") }
    if !paths.allSatisfy(isPNG) {
      return (paths.filter { !isPNG($0) }, paths.filter(isPNG))
    }
    let words = NameStem.otherWords + NameStem.labelWords
    let isMask = paths.map { NameStem($0, words: words).word != nil }
    let both = zip(paths, isMask)
    return (both.filter { !$0.1 }.map(\.0), both.filter(\.1).map(\.0))
  }

  /// The pairs with their paths below a folder.
  ///
  /// - Parameter root: one above both folders, as `root(of:)` finds it.
  package func samples(below root: String) -> [(image: String, label: String)] {
    func path(_ folder: String, _ name: String) -> String {
      let parts = folder.split(separator: "/").dropFirst(root.split(separator: "/").count)
      return (parts + [name[...]]).joined(separator: "/")
    }
    return files.pairs.map { (path(images, $0.image), path(labels, $0.label)) }
  }

  /// The lowest folder above all of some absolute folders, or one of them itself.
  package static func root(of folders: [String]) -> String {
    var shared = (folders.first ?? "/").split(separator: "/")
    for folder in folders.dropFirst() {
      let parts = folder.split(separator: "/")
      shared = zip(shared, parts).prefix { $0.0 == $0.1 }.map(\.0)
    }
    return "/" + shared.joined(separator: "/")
  }
}
