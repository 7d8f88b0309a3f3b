import ArgumentParser
import Files
import Runs
import Tools

/// `rdd predict`: what a network sees in images.
struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draw the classes that a network sees in images.",
    discussion: """
      Writes two files an image: NAME_mask.png, class indices with the classes' colours as palette, \
      and NAME_overlay.png, the same laid over the image with outlines, and a legend of the classes \
      and their shares below it. The shares are printed too, a line an image.

        rdd predict runs/camvid street.jpg photos --out pictures
        rdd predict runs/camvid --list CamVid/test.txt --json --out pictures
      """)

  @OptionGroup var options: RecipeOptions

  @Option(
    help: "The student's weights: safetensors or .pth; by default the run's best.safetensors.",
    completion: .weights)
  var weights: String?

  @Argument(
    help: ArgumentHelp(
      "PNG and JPEG files of any sizes, and folders of such files.", valueName: "image"),
    completion: .images)
  var images: [String] = []

  @Option(
    help: ArgumentHelp(
      "A list of images, one a line, or with their labels as in the recipe's lists.",
      valueName: "file"),
    completion: .file())
  var list: String?

  @Option(help: "The folder of the pictures; made if missing.", completion: .directory)
  var out: String

  @Flag(inversion: .prefixedNo, help: "A legend below each overlay; without it no row is added.")
  var legend = true

  @Flag(help: "Print a JSON object an image.")
  var json = false

  func validate() throws {
    _ = try options.weights(weights)
    guard !images.isEmpty || list != nil else {
      throw ValidationError("found no image; expected files, folders or --list FILE")
    }
  }

  func run() throws {
    let job = try Job(options, for: .measuring)
    let isLead = job.coordinator.isLead
    if isLead {
      for line in options.warnings(weights) { job.logger.warning("\(line)") }
    }
    let files = try NamedImages.files(images, list: list, job.recipe)
    let seen = try Predictions.write(
      job.recipe, weights: try options.weights(weights), images: files, to: out, hasLegend: legend,
      coordinator: job.coordinator, progress: isLead ? Progress(job.logger) : nil)
    if isLead {
      if json {
        for image in seen { Console.print(try image.json) }
      } else {
        for image in seen { Console.show(image.text) }
        Console.show(
          "\(counted(seen.count, "mask")) and \(counted(seen.count, "overlay")) in \(out)")
      }
    }
    try job.finish()
  }
}
