import ArgumentParser
import Files
import Tools

/// `rdd maps`: what the method sees in images.
struct Maps: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draw what is difficult in images, for the teacher and for the student.",
    discussion: """
      Writes NAME_maps.png an image: photo, labels, what teacher and student see, the weights of \
      the first stage (TFE) and the pixels that are hard for student, teacher or both (TSE).

        rdd maps launch/recipes/quickstart.yaml 0 1 2 --out pictures \\
          --weights runs/quickstart/best.safetensors

      With --beside it writes NAME_beside.png instead: photo, labels, two students, and the pixels \
      that only one of them has right. Without an image it takes the validation sample in which they \
      differ most.

        rdd maps launch/recipes/quickstart.yaml --out pictures \\
          --weights runs/quickstart-labels/best.safetensors \\
          --beside runs/quickstart/best.safetensors
      """)

  @OptionGroup var options: RecipeOptions

  @Option(
    help: "The student's weights; by default those of the recipe's student.weights.",
    completion: .weights)
  var weights: String?

  @Option(help: "Another student's weights, to see where only one is right.", completion: .weights)
  var beside: String?

  @Argument(
    help: ArgumentHelp(
      "Numbers are validation samples, from 0. All else is files; for those in the recipe's lists "
        + "the labels and the hard pixels are drawn too.", valueName: "image"),
    completion: .images)
  var images: [String] = []

  @Option(help: "The folder of the pictures; made if missing.", completion: .directory)
  var out: String

  func validate() throws {
    guard beside != nil || !images.isEmpty else {
      throw ValidationError("found no image; expected one at least, or --beside FILE")
    }
  }

  func run() throws {
    let job = try Job(options)
    var count = images.count
    if let beside {
      count = try BesidePictures.write(
        job.recipe, weights: weights, beside: beside, images: images, to: out,
        coordinator: job.coordinator)
    } else {
      try DifficultyPictures.write(
        job.recipe, weights: weights, images: images, to: out, coordinator: job.coordinator)
    }
    if job.coordinator.isLead { Console.show("\(counted(count, "picture")) in \(out)") }
    try job.finish()
  }
}
