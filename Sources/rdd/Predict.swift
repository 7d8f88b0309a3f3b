import ArgumentParser
import Files
import Training

/// `rdd predict`: what a network sees in images.
struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draw the classes that a network sees in images.",
    discussion: """
      Writes two files an image: NAME_mask.png, class indices with the classes' colours as palette, \
      and NAME_overlay.png, the same laid over the image.

        rdd predict launch/recipes/camvid-deeplabv3-r18.yaml \\
          --weights runs/camvid/best.safetensors street.jpg --out pictures
      """)

  @OptionGroup var options: RecipeOptions

  @Option(
    help: "The student's weights: safetensors or .pth; by default the run's best.safetensors.",
    completion: .weights)
  var weights: String?

  @Argument(help: ArgumentHelp("PNG and JPEG files of any sizes.", valueName: "image"))
  var images: [String]

  @Option(help: "The folder of the pictures; made if missing.")
  var out: String

  func validate() throws { _ = try options.weights(weights) }

  func run() throws {
    let job = try Job(options, for: .measuring)
    try Predictions.write(
      job.recipe, weights: try options.weights(weights), images: images, to: out,
      coordinator: job.coordinator)
    if job.coordinator.isLead {
      Console.print("\(images.count) masks and \(images.count) overlays in \(out)")
    }
    try job.finish()
  }
}
