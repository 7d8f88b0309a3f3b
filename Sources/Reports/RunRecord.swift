import Foundation
import Recipes
import Training

/// What a run folder tells: its recipe and the lines of its metrics.
public struct RunRecord: Sendable {
  /// The folder's path, as it was given.
  public let path: String
  /// The recipe with every key.
  public let recipe: Recipe
  /// The lines about training, by iteration.
  public let training: [TrainingLine]
  /// The lines about validations, by iteration; at least one.
  public let validations: [ValidationLine]

  /// The folder's own name.
  public var name: String { URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent }
  /// The validation of the last weights.
  public var last: ValidationLine { validations[validations.count - 1] }
  /// The validation with the best mean IoU.
  public var best: ValidationLine {
    validations.dropFirst().reduce(validations[0]) { $1.meanIoU > $0.meanIoU ? $1 : $0 }
  }
  /// Whether the last iteration of the recipe was validated.
  public var isFinished: Bool { last.iteration == recipe.train.iterations }
  /// Seconds of all iterations and validations, also those of earlier starts.
  public let seconds: Double

  /// Reads a run folder; the run may still be going on.
  ///
  /// - Throws: `ReportError` if it is none, or was not validated yet; `RecipeError`.
  public init(folder path: String) throws {
    self.path = path
    recipe = try Recipe.decode(
      yaml: Self.text(path + "/recipe.yaml"), file: path + "/recipe.yaml")
    let lines = try Self.lines(path + "/metrics.jsonl")
    training = lines.training
    validations = lines.validations
    guard !validations.isEmpty else {
      throw ReportError(
        description: "run: \(path): found no validation; expected one at least; wait for it, or "
          + "lower train.validate_every")
    }
    var (seconds, before) = (validations.reduce(0) { $0 + $1.seconds }, 0)
    for line in training {
      seconds += Double(line.iteration - before) * line.secondsPerIteration
      before = line.iteration
    }
    self.seconds = seconds
  }

  private static func text(_ path: String) throws -> String {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw ReportError(
        description: "run: \(path): found no such file; expected the folder of a run that "
          + "`rdd train --out` made; look for its recipe.yaml and metrics.jsonl")
    }
    return text
  }

  private struct Kind: Decodable { let kind: String }

  private static func lines(
    _ path: String
  ) throws -> (training: [TrainingLine], validations: [ValidationLine]) {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    var training: [TrainingLine] = []
    var validations: [ValidationLine] = []
    let lines = try text(path).split(separator: "\n")
    for (index, line) in lines.enumerated() {
      let data = Data(line.utf8)
      do {
        switch try decoder.decode(Kind.self, from: data).kind {
        case "train": training.append(try decoder.decode(TrainingLine.self, from: data))
        case "validation": validations.append(try decoder.decode(ValidationLine.self, from: data))
        default: break
        }
      } catch {
        // A run that goes on may be writing its last line at this moment.
        if index == lines.count - 1 { break }
        throw ReportError(
          description: "run: \(path): line \(index + 1): found no line of metrics; expected one "
            + "JSON object a line as `rdd train` writes them; remove the line")
      }
    }
    return (training, validations)
  }
}
