import Files
import Foundation
import Recipes
import Runs
import WeightFiles

/// What a run folder tells: its recipe and the lines of its metrics.
package struct RunRecord: Sendable {
  /// The folder's path, as it was given.
  package let path: String
  /// The recipe with every key.
  package let recipe: Recipe
  /// The lines about training, by iteration.
  package let training: [TrainingLine]
  /// The lines about validations, by iteration; at least one.
  package let validations: [ValidationLine]

  /// The folder's own name.
  package var name: String { URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent }
  /// The validation of the last weights.
  package var last: ValidationLine { validations[validations.count - 1] }
  /// The validation with the best mean IoU.
  package var best: ValidationLine {
    validations.dropFirst().reduce(validations[0]) { $1.meanIoU > $0.meanIoU ? $1 : $0 }
  }
  /// Whether the last iteration of the recipe was validated.
  package var isFinished: Bool { last.iteration == recipe.train.iterations }
  /// Seconds of all iterations and validations, also those of earlier starts.
  package let seconds: Double
  /// Lines of the metrics that could not be read, and are left out.
  package let damagedLines: Int
  /// Weights that are trained, those of the auxiliary head too; nil before a file of weights is there.
  package let parameterCount: Int?

  /// Reads a run folder; the run may still be going on.
  ///
  /// - Throws: `ReportError` if it is none, or was not validated yet; `RecipeError`; `FileError` for
  ///   files that are there and cannot be read.
  package init(folder path: String) throws {
    self.path = path
    let recipePath = path + "/recipe.yaml"
    guard let text = try WholeFile.text(recipePath, limit: Self.byteLimit) else {
      throw Self.missing(recipePath)
    }
    recipe = try Recipe.decode(yaml: text, file: recipePath)
    let lines = try Self.lines(path + "/metrics.jsonl")
    training = lines.training
    validations = lines.validations
    damagedLines = lines.damaged
    guard !validations.isEmpty else {
      let left = damagedLines == 0 ? "" : " beside damaged lines of metrics.jsonl: \(damagedLines)"
      throw ReportError(
        description: "run: \(path): found no validation\(left); expected one at least; wait for "
          + "it, or lower train.validate_every")
    }
    var (seconds, before) = (validations.reduce(0) { $0 + $1.seconds }, 0)
    for line in training {
      seconds += Double(line.iteration - before) * line.secondsPerIteration
      before = line.iteration
    }
    self.seconds = seconds
    let files = RunFiles(folder: path)
    parameterCount = Self.parameterCount(files.student) ?? Self.parameterCount(files.best)
  }

  /// The files of the folder that come from another run, as far as they tell (`RunOrigin`): a line each.
  package var warnings: [String] {
    let (origin, files) = (RunOrigin(folder: path), RunFiles(folder: path))
    let lines = [
      origin.warningOfRecipe(), origin.warning(of: validations),
      origin.warning(ofWeights: files.best), origin.warning(ofWeights: files.student),
    ]
    return lines.compactMap { $0 }
  }

  /// The trained weights of a file, by its header. One that cannot be read is no reason to show nothing
  /// of its run.
  private static func parameterCount(_ path: String) -> Int? {
    let moving = [".running_mean", ".running_var", ".num_batches_tracked"]
    return (try? WeightFile.shapes(path))?.reduce(0) { sum, tensor in
      sum + (moving.contains { tensor.name.hasSuffix($0) } ? 0 : tensor.shape.reduce(1, *))
    }
  }

  /// Bytes of a recipe or of metrics: 10^6 lines and more.
  private static let byteLimit = 2 << 30

  private static func missing(_ path: String) -> ReportError {
    ReportError(
      description: "run: \(path): found no such file; expected the folder of a run that "
        + "`rdd train --out` made; look for its recipe.yaml and metrics.jsonl")
  }

  /// The lines of a file of metrics. One that is damaged costs itself alone; one of another kind is
  /// no matter of ours.
  private static func lines(
    _ path: String
  ) throws -> (training: [TrainingLine], validations: [ValidationLine], damaged: Int) {
    guard let bytes = try WholeFile.bytes(path, limit: byteLimit) else { throw missing(path) }
    var training: [TrainingLine] = []
    var validations: [ValidationLine] = []
    var damaged = 0
    let blanks = Array(" \t\r".utf8)
    let lines = bytes.split(separator: UInt8(ascii: "\n")).filter { line in
      !line.allSatisfy(blanks.contains)
    }
    for (index, line) in lines.enumerated() {
      do {
        switch try MetricsLine(line) {
        case .training(let line): training.append(line)
        case .validation(let line): validations.append(line)
        case .other: break
        }
      } catch {
        // A run that goes on may be writing its last line at this moment.
        let isLast = index == lines.count - 1 && bytes.last != UInt8(ascii: "\n")
        damaged += isLast ? 0 : 1
      }
    }
    return (training, validations, damaged)
  }
}
