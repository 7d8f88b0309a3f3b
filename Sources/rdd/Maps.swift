import ArgumentParser
import Files
import Training

/// `rdd maps`: what the method sees in images.
struct Maps: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draw what is difficult in images, for the teacher and for the student.",
    discussion: """
      Writes NAME_maps.png an image: photo, labels, what teacher and student see, the weights of \
      the first stage (TFE) and the pixels that are hard for student, teacher or both (TSE).

        rdd maps launch/recipes/quickstart.yaml 0 1 2 --out pictures \\
          --weights runs/quickstart/best.safetensors
      """)

  @OptionGroup var options: RecipeOptions

  @Option(help: "The student's weights; by default those of the recipe's student.weights.")
  var weights: String?

  @Argument(
    help: ArgumentHelp(
      "Numbers are validation samples, from 0. All else is files; for those in the recipe's lists "
        + "the labels and the hard pixels are drawn too.", valueName: "image"))
  var images: [String]

  @Option(help: "The folder of the pictures; made if missing.")
  var out: String

  func run() throws {
    let job = try Job(options)
    try DifficultyPictures.write(
      job.recipe, weights: weights, images: images, to: out, coordinator: job.coordinator)
    if job.coordinator.isLead { Console.print("\(images.count) pictures in \(out)") }
    try job.finish()
  }
}
