import ArgumentParser
import Files
import Networks
import Runs
import Tools

/// `rdd convert`: weights between PyTorch's files and safetensors.
struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Convert weights: .pth, .pt and safetensors, whole networks and backbones.",
    discussion: """
      Names are PyTorch's in all of them. Nothing in a .pth is executed. With --network the tensors \
      are checked; those that do not fit are listed.

        rdd convert published.pth --out student.safetensors \\
          --network deeplabv3_resnet18
        rdd convert runs/first/best.safetensors --out first.pth
        rdd convert runs/first/best.safetensors --part backbone --out backbone.pth
        rdd convert run.pth#model_ema --rename encoder.=pretrained. \\
          --out renamed.safetensors
      """)

  @Argument(
    help: "The weights to read; FILE#KEY takes the dict under a key, or the names below it.",
    completion: .weights)
  var file: String

  @Option(
    help: "The file to write: .safetensors, or .pth or .pt, which are PyTorch's.",
    completion: .weights)
  var out: String

  @Option(help: "What is taken: all, or backbone (without the network's prefix).")
  var part = WeightConversion.Part.all

  @Option(
    help: ArgumentHelp(
      "Write names that begin with OLD with NEW in its place; may be given several times.",
      valueName: "old=new"))
  var rename: [WeightConversion.Renaming] = []

  @Option(
    help: "The network that the tensors must be those of.",
    completion: .list(Architecture.allCases.map(\.rawValue)))
  var network: String?

  @Flag(help: "Tell every tensor that does not fit or is left out, and not the first ones.")
  var verbose = false

  /// Names of a kind that show what it is.
  private static let shownNames = 3

  func validate() throws {
    let refusal =
      WeightConversion.refusal(ofTarget: out) ?? RunFiles.refusal(ofTarget: out, option: "--out")
    if let refusal { throw ValidationError(refusal) }
  }

  func run() throws {
    do {
      let summary = try WeightConversion.run(
        file, part: part, renaming: rename, network: network, to: out)
      for note in summary.notes { Console.say("rdd: \(note)") }
      tell("left out", summary.leftOut)
      let tensors = counted(summary.tensorCount, "tensor")
      Console.show("\(tensors), \(counted(summary.elementCount, "value")): \(out)")
    } catch let mismatch as WeightMismatch {
      for kind in mismatch.kinds { tell(kind.name, kind.tensors) }
      throw mismatch
    }
  }

  /// Tells how many tensors something is true of, and the first of them or all.
  private func tell(_ kind: String, _ names: [String]) {
    guard !names.isEmpty else { return }
    let count = "\(counted(names.count, "tensor")) \(kind)"
    guard !verbose else {
      for line in ["rdd: \(count):"] + names.map({ "  \($0)" }) { Console.say(line) }
      return
    }
    let more = names.count > Self.shownNames ? " ... (--verbose tells all)" : ""
    Console.say(
      "rdd: \(count): \(names.prefix(Self.shownNames).joined(separator: "; "))\(more)")
  }
}

extension WeightConversion.Part: ExpressibleByArgument {}

extension WeightConversion.Renaming: ExpressibleByArgument {
  /// From `old=new`.
  package init?(argument: String) { self.init(argument) }
}
