import Foundation
import Runs

/// A run's lines, not more of them than a chart can show: its curves have one point each.
struct RunCurves {
  /// Where points stand: the iterations, and the seconds until then.
  struct Place {
    let iterations: [Double]
    let seconds: [Double]
  }

  /// Of the lines about training, each the mean of its group.
  let training: Place
  /// Of the validations.
  let validation: Place
  private let groups: [ArraySlice<TrainingLine>]
  private let validations: [ValidationLine]

  /// The curves of a run, of at most `limit` points.
  init(_ run: RunRecord, limit: Int) {
    let size = max(1, (run.training.count + limit - 1) / limit)
    let groups = stride(from: 0, to: run.training.count, by: size).map {
      run.training[$0..<min($0 + size, run.training.count)]
    }
    let clock = Clock(run)
    self.groups = groups
    training = Place(
      iterations: groups.map { Self.mean($0.map { Double($0.iteration) }) },
      seconds: groups.map { Self.mean($0.map { clock.seconds(at: $0.iteration, isDone: false) }) })
    let step = max(1, (run.validations.count + limit - 1) / limit)
    validations = run.validations.enumerated()
      .filter { $0.offset % step == 0 || $0.offset == run.validations.count - 1 }.map(\.element)
    validation = Place(
      iterations: validations.map { Double($0.iteration ?? 0) },
      seconds: validations.map { clock.seconds(at: $0.iteration ?? 0, isDone: true) })
  }

  /// A quantity of training: the mean of each group over the lines that have it, NaN where none has.
  func training(_ value: (TrainingLine) -> Double?) -> [(x: Double, y: Double)] {
    zip(training.iterations, groups).map { iteration, lines in
      let known = lines.compactMap(value).filter(\.isFinite)
      return (iteration, known.isEmpty ? .nan : Self.mean(known))
    }
  }

  /// A quantity of the validations.
  func validation(_ value: (ValidationLine) -> Double) -> [(x: Double, y: Double)] {
    zip(validation.iterations, validations).map { ($0, value($1)) }
  }

  private static func mean(_ values: [Double]) -> Double {
    values.reduce(0, +) / Double(max(values.count, 1))
  }

  /// JSON of numbers alone, so that nobody's text can end the element that holds it.
  var json: String {
    func list(_ values: [Double]) -> String {
      "[\(values.map { $0.isFinite ? Axis.short($0) : "0" }.joined(separator: ","))]"
    }
    func place(_ place: Place) -> String {
      "{\"iterations\":\(list(place.iterations)),\"seconds\":\(list(place.seconds))}"
    }
    return "{\"training\":\(place(training)),\"validation\":\(place(validation))}"
  }
}

/// When a run was where: the seconds of its iterations and validations, without pauses.
private struct Clock {
  private var trained = RunningTotal()
  private var measured = RunningTotal()

  init(_ run: RunRecord) {
    var before = 0
    for line in run.training {
      trained.add(Double(line.iteration - before) * line.secondsPerIteration, at: line.iteration)
      before = line.iteration
    }
    for line in run.validations { measured.add(line.seconds, at: line.iteration ?? 0) }
  }

  /// Seconds until an iteration was trained or, if `isDone`, validated.
  func seconds(at iteration: Int, isDone: Bool) -> Double {
    trained.through(iteration) + measured.through(isDone ? iteration : iteration - 1)
  }
}

/// Sums of values at places that grow.
private struct RunningTotal {
  private var places: [Int] = []
  private var totals = [0.0]

  mutating func add(_ value: Double, at place: Int) {
    places.append(place)
    totals.append(totals[totals.count - 1] + value)
  }

  /// The sum of all values up to a place.
  func through(_ place: Int) -> Double {
    var (low, high) = (0, places.count)
    while low < high {
      let middle = (low + high) / 2
      if places[middle] <= place { low = middle + 1 } else { high = middle }
    }
    return totals[low]
  }
}
