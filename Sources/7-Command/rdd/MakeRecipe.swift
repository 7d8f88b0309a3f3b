import ArgumentParser
import Datasets
import Files
import Foundation
import Networks
import Recipes
import Runs
import Steps

/// `rdd recipe`: a first recipe and lists for somebody's own images.
struct MakeRecipe: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recipe",
    abstract: "Look at your images and labels, and write lists and a first recipe for them.",
    discussion: """
      Images and labels are paired by their names. The recipe goes to stdout; train.txt and val.txt \
      are written beside it. What was found goes to stderr, with the commands that come next.

        rdd recipe --images photos --labels masks > mine.yaml
        rdd recipe --images train --labels trainannot \\
          --validation-images val --validation-labels valannot > mine.yaml
      """)

  @Option(
    help: ArgumentHelp("The folder of the images, PNG or JPEG.", valueName: "folder"),
    completion: .directory)
  var images: String

  @Option(
    help: ArgumentHelp(
      "The folder of the label files: PNG, a class index a pixel.", valueName: "folder"),
    completion: .directory)
  var labels: String

  @Option(
    help: ArgumentHelp(
      "Images that validate. Without them, those of folders val beside folders train, or 15 of 100, by "
        + "their names.", valueName: "folder"), completion: .directory)
  var validationImages: String?

  @Option(help: ArgumentHelp("Their label files.", valueName: "folder"), completion: .directory)
  var validationLabels: String?

  @Option(
    help: ArgumentHelp(
      "Where train.txt and val.txt are written: by default where stdout's file is, or here.",
      valueName: "folder"), completion: .directory)
  var lists: String?

  @Option(help: ArgumentHelp("The network that is trained.", valueName: "network"))
  var studentNetwork = RecipeDraft.usualStudent.rawValue

  @Option(help: ArgumentHelp("The network that it learns from.", valueName: "network"))
  var teacherNetwork = RecipeDraft.usualTeacher.rawValue

  @Flag(help: "Leave out images without labels, and labels without images.")
  var skipUnpaired = false

  @Flag(help: "Read all labels, and not at most 400 of them.")
  var allLabels = false

  @Flag(help: "Replace train.txt and val.txt if they are there.")
  var force = false

  func validate() throws {
    if (validationImages == nil) != (validationLabels == nil) {
      throw ValidationError("--validation-images and --validation-labels: give both, or none")
    }
    for (option, name) in [
      ("--student-network", studentNetwork), ("--teacher-network", teacherNetwork),
    ] where Architecture(rawValue: name) == nil {
      let names = Architecture.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("\(option) \(name); expected one of \(names)")
    }
    if Architecture(rawValue: teacherNetwork)?.card?.hasAuxiliaryHead == false {
      throw ValidationError(
        "--teacher-network \(teacherNetwork); expected a ResNet, whose two heads RDD compares")
    }
  }

  func run() throws {
    let place = RecipePlace()
    var found = [try samples(images, "--images", labels, "--labels")]
    if let validationImages, let validationLabels {
      found.append(
        try samples(
          validationImages, "--validation-images", validationLabels, "--validation-labels"))
    }
    let split = try FoundSplit(found)
    let folder = lists.map(absolute) ?? place.folder
    let (root, paths) = (split.root, ["train.txt", "val.txt"].map { folder + "/" + $0 })
    let texts = try [split.training, split.validation].map { try ListFile.text(of: $0) }
    for (path, text) in zip(paths, texts) { try requireRoom(path, text) }

    let all = split.training + split.validation
    let list = try ListFile(
      bytes: Array(ListFile.text(of: all).utf8), path: images, root: root)
    let survey = try LabelSurvey.look(
      at: list,
      indices: allLabels ? Array(0..<all.count) : DatasetCheck.spread(all.count, limit: 400),
      threadCount: max(1, min(8, sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
    let guess = try LabelGuess(
      survey.counts, words: Set(found.flatMap(\.files.labelWords)), folder: found[0].labels)
    let remarks = FoundRemarks(split, survey, guess)

    var draft = RecipeDraft(
      root: root, lists: (paths[0], paths[1]), imageCount: split.training.count,
      format: guess.encoding.format, classCount: guess.encoding.classes.count,
      smallest: survey.smallest)
    draft.lacksClasses = !guess.absent.isEmpty
    draft.student = Architecture(rawValue: studentNetwork) ?? draft.student
    draft.teacher = Architecture(rawValue: teacherNetwork) ?? draft.teacher
    let commands = place.commands(draft)
    draft.remarks = remarks.lines + ["", "What comes next:"] + commands.map { "  " + $0 }
    // What this prints is a recipe, whatever folders and files are called.
    _ = try Recipe.decode(yaml: draft.yaml, file: place.path, folder: place.folder)

    try makeFolder(folder)
    for (path, text) in zip(paths, texts) {
      try OutputText(of: "list", option: "--lists").write(text, to: path)
    }
    Console.print(draft.yaml, terminator: "")
    for line in remarks.summary + ["written: \(paths[0]), \(paths[1])", "what comes next:"] {
      Console.say("rdd: \(line)")
    }
    for command in commands { Console.say("  \(command)") }
  }

  /// Looks through two folders, and refuses what has no partner.
  private func samples(
    _ images: String, _ imageOption: String, _ labels: String, _ labelOption: String
  ) throws -> FoundSamples {
    let folders = try [(images, imageOption), (labels, labelOption)].map { folder, option in
      let path = absolute(folder)
      guard !FileStore().isAbsent(path) else {
        throw TrainingError(
          .missingInput,
          "\(option): \(folder): found no folder; expected one; give the folder's path")
      }
      return path
    }
    let found = try FoundSamples(images: folders[0], labels: folders[1])
    guard !skipUnpaired else { return found }
    let (alone, others) = (found.files.imagesAlone, found.files.labelsAlone)
    for (names, option, count, what, other) in [
      (alone, imageOption, found.imageCount, "images", "label file"),
      (others, labelOption, found.labelCount, "label files", "image"),
    ] where !names.isEmpty {
      let shown = names.prefix(3).map { oneLine($0) }.joined(separator: ", ")
      throw TrainingError(
        .badData,
        "\(option): found \(names.count) of \(count) \(what) without \(other == "image" ? "an" : "a") "
          + "\(other): \(shown)\(names.count > 3 ? ", ..." : ""); expected the same folders and names "
          + "but for words such as _label, _mask or _labelIds; correct the names, or leave such files "
          + "out with --skip-unpaired")
    }
    return found
  }

  /// Refuses to write over a list that is another one.
  private func requireRoom(_ path: String, _ text: String) throws {
    guard !force, !FileStore().isAbsent(path) else { return }
    let earlier = try? WholeFile.text(path, limit: ListFile.Limit.fileBytes)
    guard earlier != text else { return }
    throw TrainingError(
      .cannotCreate,
      "list: \(path): found a file that is not this list; expected none; name another folder with "
        + "--lists, or replace it with --force")
  }

  private func makeFolder(_ folder: String) throws {
    do throws(FileError) {
      try FileStore().makeFolder(folder)
    } catch {
      throw TrainingError(
        .cannotCreate,
        "--lists: \(folder): found a place where no folder can be made (\(error.detail)); expected a "
          + "writable one; choose another")
    }
  }

  /// A path from the root folder on, without a slash at its end.
  private func absolute(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.path
  }
}
