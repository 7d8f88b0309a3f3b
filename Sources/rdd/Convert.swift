import ArgumentParser
import Files
import Networks
import Training

/// `rdd convert`: weights between PyTorch's files and safetensors.
struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Convert weights: .pth, .pt and safetensors, whole networks and backbones.",
    discussion: """
      Names are PyTorch's in all of them. Nothing in a .pth is executed. With --network the tensors \
      are checked; those that do not fit are listed.

        rdd convert published.pth --out student.safetensors --network deeplabv3_resnet18
        rdd convert runs/first/best.safetensors --out first.pth
        rdd convert runs/first/best.safetensors --part backbone --out backbone.pth
        rdd convert run.pth#model_ema --rename encoder.=pretrained. --out renamed.safetensors
      """)

  @Argument(
    help: "The weights to read; FILE#KEY takes the dict under a key, or the names below it.")
  var file: String

  @Option(help: "The file to write; .pth and .pt are PyTorch's, all else is safetensors.")
  var out: String

  @Option(help: "What is taken: all, or backbone (without the network's prefix).")
  var part = WeightConversion.Part.all

  @Option(
    help: ArgumentHelp(
      "Write names that begin with OLD with NEW in its place; may be given several times.",
      valueName: "old=new"))
  var rename: [WeightConversion.Renaming] = []

  @Option(help: "The network that the tensors must be those of.")
  var network: String?

  func run() throws {
    do {
      let summary = try WeightConversion.run(
        file, part: part, renaming: rename, network: network, to: out)
      for note in summary.notes { Console.print(note) }
      for name in summary.leftOut { Console.print("left out: \(name)") }
      Console.print("\(summary.tensorCount) tensors, \(summary.elementCount) values: \(out)")
    } catch let mismatch as WeightMismatch {
      for problem in mismatch.problems { Console.print("does not fit: \(problem)") }
      throw mismatch
    }
  }
}

extension WeightConversion.Part: ExpressibleByArgument {}

extension WeightConversion.Renaming: ExpressibleByArgument {
  /// From `old=new`.
  public init?(argument: String) { self.init(argument) }
}
