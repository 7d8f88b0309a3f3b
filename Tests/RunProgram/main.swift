import DataParallel
import Files
import Foundation
import Logging
import MPI
import Networks
import Optimisers
import Recipes
import Runs
import Steps
import Synchronization
import WeightFiles

// Whole runs in one process, which is MPI's only rank: `run-program CASE FOLDER`. MPI marks the process that
// starts it, and what that starts, so it is not the process of the tests. Prints "CASE holds", or ends with
// code 1 and what did not hold.

let coordinator = try Coordinator(World(), threads: 1)

/// Four iterations from labels, a checkpoint after the second.
func recipe(_ changes: (inout Recipe) -> Void = { _ in }) -> Recipe {
  var recipe = Recipe()
  recipe.data.scenes.height = 32
  recipe.data.scenes.width = 48
  recipe.data.scenes.trainCount = 6
  recipe.data.scenes.validationCount = 2
  recipe.data.cropHeight = 32
  recipe.data.cropWidth = 48
  recipe.data.classCount = 11
  recipe.student.network = "deeplab_mobile"
  recipe.train.batchSize = 3
  recipe.train.iterations = 4
  recipe.train.checkpointEvery = 2
  recipe.train.validateEvery = 0
  recipe.train.tensorboard = false
  recipe.evaluation.pictures = 0
  recipe.distill.method = .none
  changes(&recipe)
  return recipe
}

func train(
  _ recipe: Recipe, _ folder: URL, start: RunStart = RunStart(),
  logger: Logger = Logger(label: "rdd")
) throws -> Trainer.Summary {
  try Trainer(
    recipe, folder: folder.path, start: start, coordinator: coordinator, logger: logger
  ).run()
}

/// The bytes of the last checkpoint's tensors whose names begin so, by the rest of the name.
func saved(_ run: URL, _ prefix: String = "") throws -> [String: [UInt8]] {
  let path = run.appendingPathComponent("checkpoints/iteration_0000004.safetensors").path
  let tensors = try WeightFile.read(path).tensors.filter { $0.name.hasPrefix(prefix) }
  return Dictionary(
    uniqueKeysWithValues: tensors.map { tensor in
      (String(tensor.name.dropFirst(prefix.count)), tensor.bytes.withUnsafeBytes { Array($0) })
    })
}

func weights(_ folder: URL) throws -> Data {
  try Data(contentsOf: folder.appendingPathComponent("student.safetensors"))
}

/// A copy of a finished run, with its second iteration's checkpoint alone; `change` may give it other
/// tensors.
func stopped(
  _ run: URL, as copy: URL, change: (StoredTensor) -> StoredTensor? = { $0 }
) throws {
  let manager = FileManager.default
  try manager.copyItem(at: run, to: copy)
  for name in ["student.safetensors", "best.safetensors"] {
    try manager.removeItem(at: copy.appendingPathComponent(name))
  }
  let checkpoints = copy.appendingPathComponent("checkpoints")
  let second = checkpoints.appendingPathComponent("iteration_0000002.safetensors")
  let found = try WeightFile.read(second.path)
  let archive = TensorArchive(
    tensors: found.tensors.compactMap(change), metadata: found.metadata)
  try manager.removeItem(at: checkpoints)
  _ = try CheckpointStore(folder: checkpoints.path).prepare()
  _ = try CheckpointStore(folder: checkpoints.path).save(archive, iteration: 2)
}

/// Ends with code 1 and a message unless a condition holds.
func expect(_ holds: Bool, _ message: @autoclosure () -> String) {
  if !holds { FailureExit.leave("expectation: \(message())", code: 1) }
}

/// A run ends, and the same call only measures it again.
func endsOnce(_ folder: URL) throws {
  let run = folder.appendingPathComponent("run")
  let first = try train(recipe(), run)
  expect(!first.isMeasuredAgain && first.best.meanIoU >= 0 && first.seconds > 0, "\(first)")
  let saved = try weights(run)
  let again = try train(recipe(), run)
  expect(again.isMeasuredAgain && again.last.meanIoU == first.last.meanIoU, "\(again)")
  let now = try weights(run)
  expect(now == saved, "the weights of a run that was measured again")
}

/// A run that was stopped in the middle ends with the bits of one that was not.
func goesOn(_ folder: URL) throws {
  let (run, copy) = (folder.appendingPathComponent("a"), folder.appendingPathComponent("b"))
  _ = try train(recipe(), run)
  try stopped(run, as: copy)
  let rest = try train(recipe(), copy)
  let (whole, resumed) = (try weights(run), try weights(copy))
  expect(!rest.isMeasuredAgain && whole == resumed, "the weights of a run that was stopped")
}

/// AdamW with groups, warm-up, clipping and an average.
func modern(_ recipe: inout Recipe) {
  recipe.train.optimizer = .adamw
  recipe.train.learningRate = 0.001
  recipe.train.warmupIterations = 3
  recipe.train.clipNorm = 0.5
  recipe.train.groups.list = [
    ParameterGroup(match: "*.bias", decay: 0), ParameterGroup(match: "head.*", rate: 10),
  ]
  recipe.train.average = 0.9
}

/// A run of AdamW goes on as if it had not been stopped, and its averages are its weights.
func goesOnWithAdamW(_ folder: URL) throws {
  let (run, copy) = (folder.appendingPathComponent("a"), folder.appendingPathComponent("b"))
  let recipe = recipe { recipe in
    modern(&recipe)
    recipe.train.validateEvery = 2
  }
  let whole = try train(recipe, run)
  let (last, all) = (try weights(run), try saved(run))
  let averages = try saved(run, "average.")
  expect(try averages != saved(run, "student."), "an average that is not the student's weights")
  let written = try WeightFile.read(run.appendingPathComponent("student.safetensors").path)
  for tensor in written.tensors {
    let bytes = tensor.bytes.withUnsafeBytes { Array($0) }
    expect(averages[tensor.name] == bytes, "\(tensor.name), the average as last weight")
  }
  let prefixes = ["first_moment.", "second_moment."]
  let counts = try prefixes.map { try saved(run, $0).count }
  expect(Set(counts).count == 1 && counts[0] > 100, "\(counts) moments")
  expect(all["updates"]?.first == 4, "four updates")
  expect(all["clipped_digits"]?.first ?? 0 > 0, "clipped gradients")
  try stopped(run, as: copy)
  let rest = try train(recipe, copy)
  let (resumed, now) = (try weights(copy), try saved(copy))
  expect(resumed == last && now == all, "the weights of a run that was stopped")
  expect(rest.last.meanIoU == whole.last.meanIoU, "\(rest) and \(whole)")
  let again = try train(recipe, run)
  expect(again.isMeasuredAgain && again.last.meanIoU == whole.last.meanIoU, "\(again)")
}

/// A checkpoint of SGD has the tensors that it always had, and another optimiser does not go on from it.
func keepsOptimisersApart(_ folder: URL) throws {
  let (run, copy) = (folder.appendingPathComponent("a"), folder.appendingPathComponent("b"))
  _ = try train(recipe(), run)
  let names = try saved(run).keys
  let known = names.filter { $0.hasPrefix("student.") || $0.hasPrefix("momentum.") }
  expect(names.count == known.count, "other tensors than weights and momentum")
  try stopped(run, as: copy)
  func refusal(_ start: RunStart) -> String {
    do {
      _ = try train(recipe(modern), copy, start: start)
    } catch { return "\(error)" }
    return "went on"
  }
  let other = refusal(RunStart())
  expect(other.contains("train.optimizer: adamw, was sgd"), other)
  let accepted = refusal(RunStart(accepted: [.recipe]))
  expect(accepted.contains("found the state of sgd; expected that of adamw; "), accepted)
  // An average and a norm may be new: they begin where the run goes on.
  let added = recipe {
    $0.train.average = 0.9
    $0.train.clipNorm = 0.5
  }
  _ = try train(added, copy, start: RunStart(accepted: [.recipe]))
  expect(try saved(copy, "average.").count == saved(copy, "student.").count, "no averages")
}

/// A run goes on with another number of ranks than its history tells of. The warnings are on stderr.
func goesOnWithOtherRanks(_ folder: URL) throws {
  for isExact in [true, false] {
    let recipe = recipe { $0.train.exactSums = isExact }
    let run = folder.appendingPathComponent("\(isExact)")
    let copy = folder.appendingPathComponent("\(isExact)-copy")
    _ = try train(recipe, run)
    try stopped(run, as: copy)
    let history = copy.appendingPathComponent("history.jsonl")
    let text = try String(contentsOf: history, encoding: .utf8)
    try text.replacing("\"ranks\":1", with: "\"ranks\":3")
      .write(to: history, atomically: false, encoding: .utf8)
    _ = try train(recipe, copy)
  }
}

/// Checkpoints that are whole files, and not what the run can go on from.
func namesMismatches(_ folder: URL) throws {
  let run = folder.appendingPathComponent("run")
  _ = try train(recipe(), run)
  let name = "momentum.head.block.4.bias"
  func refusal(of name: String, _ change: (StoredTensor) -> StoredTensor?) throws -> String {
    let copy = folder.appendingPathComponent(UUID().uuidString)
    try stopped(run, as: copy) { $0.name == name ? change($0) : $0 }
    do {
      _ = try train(recipe(), copy)
    } catch { return "\(error)" }
    return "went on"
  }
  func floats(_ values: [Float], _ shape: [Int]) -> StoredTensor {
    StoredTensor(
      name: name, elementType: .f32, shape: shape, bytes: ByteRegion(copying: values))
  }
  let lost = try refusal(of: name) { _ in nil }
  expect(lost.contains("\(name) missing or of another shape"), lost)
  let cut = try refusal(of: name) { _ in floats([0], [1]) }
  expect(cut.contains("\(name) missing or of another shape"), cut)
  let spoilt = try refusal(of: name) {
    floats([Float](repeating: .nan, count: $0.elementCount), $0.shape)
  }
  expect(spoilt.contains(name) && spoilt.contains("move this file away"), spoilt)
  let other = try refusal(of: "student.head.block.4.bias") { _ in nil }
  expect(other.contains("head.block.4.bias"), other)
}

/// Another recipe is not gone on with.
func refusesAnother(_ folder: URL) throws {
  let (run, copy) = (folder.appendingPathComponent("a"), folder.appendingPathComponent("b"))
  _ = try train(recipe(), run)
  try stopped(run, as: copy)
  do {
    _ = try train(recipe { $0.train.learningRate = 0.5 }, copy)
    expect(false, "another rate was gone on with")
  } catch let error as TrainingError {
    expect(error.code == .badData && "\(error)".contains("train.learning_rate"), "\(error)")
  }
}

/// Measurements and best weights that are gone when a run goes on are told, once.
func tellsWhatIsGone(_ folder: URL) throws {
  let (run, copy) = (folder.appendingPathComponent("a"), folder.appendingPathComponent("b"))
  let recipe = recipe { $0.train.validateEvery = 2 }
  _ = try train(recipe, run)
  try stopped(run, as: copy)
  let metrics = copy.appendingPathComponent("metrics.jsonl")
  let lines = try String(contentsOf: metrics, encoding: .utf8).split(separator: "\n")
  try (lines[0] + "\n").write(to: metrics, atomically: true, encoding: .utf8)
  let listener = Listener()
  _ = try train(recipe, copy, logger: Logger(label: "rdd") { _ in listener })
  for text in [
    "b/metrics.jsonl: found 1 lines of the first 2 iterations; expected 1 more",
    "b/best.safetensors: found none; expected the weights of iteration 2",
  ] {
    expect(listener.said.filter { $0.contains(text) }.count == 1, "\(listener.said)")
  }
  let again = Listener()
  _ = try train(recipe, run, logger: Logger(label: "rdd") { _ in again })
  expect(!again.said.contains { $0.contains("expected") }, "\(again.said)")
}

/// Of starts that saved nothing, the best weights are kept; those of another run are not written over.
func keepsBest(_ folder: URL) throws {
  let (run, copy) = (folder.appendingPathComponent("a"), folder.appendingPathComponent("b"))
  let recipe = recipe { $0.train.validateEvery = 2 }
  _ = try train(recipe, run)
  let best = try Data(contentsOf: run.appendingPathComponent("best.safetensors"))
  try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
  try best.write(to: copy.appendingPathComponent("best.safetensors"))
  let history = try String(
    contentsOf: run.appendingPathComponent("history.jsonl"), encoding: .utf8)
  try (history.prefix { $0 != "\n" } + "\n").write(
    to: copy.appendingPathComponent("history.jsonl"), atomically: true, encoding: .utf8)
  do {
    var other = recipe
    other.train.seed = 9
    _ = try train(other, copy)
    expect(false, "another run's best weights were written over")
  } catch let error as TrainingError {
    expect(
      error.code == .badData && "\(error)".contains("best.safetensors of another run"), "\(error)")
  }
  _ = try train(recipe, copy)
  let kept = try Data(contentsOf: copy.appendingPathComponent("best.earlier-1.safetensors"))
  let now = try Data(contentsOf: copy.appendingPathComponent("best.safetensors"))
  expect(kept == best && now == best, "the best weights of a start that saved nothing")
}

/// A run of ONNX files that was stopped ends with the bits of one that was not, wherever they lie, and does
/// not go on with other graphs. The folder holds them.
func goesOnWithGraphs(_ folder: URL) throws {
  func graphs(_ folder: URL) -> Recipe {
    recipe {
      $0.student.network = .graph(folder.appendingPathComponent("student.onnx").path)
      $0.teacher.network = .graph(folder.appendingPathComponent("teacher.onnx").path)
      $0.distill.method = .rdd
      $0.distill.warmupIterations = 2
      $0.train.validateEvery = 2
      $0.evaluation.pictures = 1
    }
  }
  let (run, copy) = (folder.appendingPathComponent("a"), folder.appendingPathComponent("b"))
  let whole = try train(graphs(folder), run)
  expect(whole.best.meanIoU > 0, "\(whole)")
  let other = folder.appendingPathComponent("moved")
  try FileManager.default.createDirectory(at: other, withIntermediateDirectories: true)
  for name in ["student.onnx", "teacher.onnx"] {
    try FileManager.default.copyItem(
      at: folder.appendingPathComponent(name), to: other.appendingPathComponent(name))
  }
  try stopped(run, as: copy)
  let rest = try train(graphs(other), copy)
  let (first, last) = (try weights(run), try weights(copy))
  expect(first == last, "the weights of a run that was stopped")
  expect(rest.last.meanIoU == whole.last.meanIoU, "\(rest) and \(whole)")
  expect(try saved(run) == saved(copy), "the last checkpoints")
  // One more byte of documentation: the weights are the same, the file is not.
  for (name, part) in [("teacher", "another teacher"), ("student", "other weights that ")] {
    let place = folder.appendingPathComponent("\(name)-changed")
    try stopped(run, as: place)
    let file = other.appendingPathComponent("\(name).onnx")
    let bytes = try Data(contentsOf: file)
    try (bytes + [0x32, 1, 0x78]).write(to: file)
    do {
      _ = try train(graphs(other), place)
      expect(false, "another graph was gone on with: \(name)")
    } catch let error as TrainingError {
      expect(error.code == .badData && "\(error)".contains(part), "\(error)")
    }
    try bytes.write(to: file)
  }
}

/// Keeps what a run says.
final class Listener: LogHandler, @unchecked Sendable {
  private let lines = Mutex<[String]>([])
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .info
  /// Line by line.
  var said: [String] { lines.withLock { $0 } }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { lines.withLock { $0.append("\(event.message)") } }
}

let cases = [
  "keeps-best": keepsBest, "tells-what-is-gone": tellsWhatIsGone, "ends-once": endsOnce,
  "goes-on": goesOn, "goes-on-graphs": goesOnWithGraphs, "goes-on-adamw": goesOnWithAdamW,
  "keeps-optimisers-apart": keepsOptimisersApart, "names-mismatches": namesMismatches,
  "refuses-another": refusesAnother, "goes-on-with-other-ranks": goesOnWithOtherRanks,
]
let name = CommandLine.arguments.dropFirst().first ?? ""
guard CommandLine.arguments.count == 3, let body = cases[name] else {
  FailureExit.leave(
    "case: '\(name)'; expected one of \(cases.keys.sorted()) and a folder", code: 64)
}
do {
  try body(URL(fileURLWithPath: CommandLine.arguments[2]))
  Console.print("\(name) holds")
  try coordinator.world.finalize()
} catch {
  FailureExit.leave("\(error)", code: 1)
}
