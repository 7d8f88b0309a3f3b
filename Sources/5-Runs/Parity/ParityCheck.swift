import Files
import Foundation
import Reduction

/// The numbers of this build beside reference numbers.
package enum ParityCheck {
  /// Compares every expected tensor of a file with what its inputs give. Collective.
  ///
  /// - Parameters:
  ///   - file: read alike on all ranks.
  ///   - run: with what it is computed.
  /// - Returns: a line for each `out.*`, and for `ref.*` that are computed on the way; equal on all
  ///   ranks.
  /// - Throws: `ParityError` for a file that is incomplete or of no known kind.
  package static func lines(
    _ file: ParityFile, _ run: ParityRun
  ) throws(ParityError) -> [ParityLine] {
    let computed = try compute(file, run)
    let names =
      file.outputs.map(\.name) + file.references.filter { computed[$0] != nil }
    var lines: [ParityLine] = []
    for name in names {
      guard let expected = try file.expected(name) else {
        throw file.refused(name, found: "a type without a number", expected: "a number's type")
      }
      lines.append(
        ParityLine(file: file.name, name: name, found: computed[name], expected: expected))
    }
    return lines
  }

  /// The same on `ranks` simulated ranks of this process.
  package static func lines(
    _ file: ParityFile, _ run: ParityRun, simulatedRanks ranks: Int, shares: [Int]? = nil
  ) throws(ParityError) -> [ParityLine] {
    let results = SimulatedRanks.run(ranks) { reducer -> Result<[ParityLine], ParityError> in
      var run = run
      run.reducer = reducer
      run.shares = shares
      return Result { () throws(ParityError) in try lines(file, run) }
    }
    return try results[0].get()
  }

  private static func compute(
    _ file: ParityFile, _ run: ParityRun
  ) throws(ParityError) -> ComputedTensors {
    let kind = try file.text("kind")
    switch kind {
    case "TFE": return try TeacherFullFile.compute(file, run)
    case "TSE": return try TeacherStudentFile.compute(file, run)
    case "KD": return try DistillationFile.compute(file, run)
    case "blend": return try BlendFile.compute(file, run)
    case "distributed": return try DistributedFile.compute(file, run)
    case "select": return try SelectionFile.compute(file, run)
    case "metric": return try MetricFile.compute(file, run)
    case "optim": return try OptimiserFile.compute(file, run)
    case "preproc": return try PreprocessingFile.compute(file, run)
    case "syncbn": return try BatchNormFile.compute(file, run)
    case "net_input": return try NetworkFile.computeInput(file, run)
    case "net": return try NetworkFile.compute(file, run)
    case "step": return try StepFile.compute(file, run)
    case "otherKD": return try MethodFile.compute(file, run)
    case "onnx": return try GraphFile.compute(file, run)
    default:
      throw file.refused(
        "kind", found: "'\(kind.prefix(40))', not known yet",
        expected: "TFE, TSE, KD, blend, distributed, select, metric, optim, preproc, syncbn, "
          + "net_input, net, step, otherKD or onnx")
    }
  }
}

extension ParityFile {
  /// A tensor's values as doubles; nil for a type that reference numbers do not have.
  fileprivate func expected(_ name: String) throws(ParityError) -> [Double]? {
    try tensor(named: name).doubles
  }

  /// The files that paths name: files as they are, folders as their safetensors files by name.
  ///
  package static func files(at paths: [String]) throws(ParityError) -> [ParityFile] {
    var files: [ParityFile] = []
    for path in paths {
      let store = FileStore()
      guard (try? store.status(path))?.kind == .folder else {
        files.append(try ParityFile(path))
        continue
      }
      let names: [String]
      do throws(SystemError) {
        names = try store.names(path)
      } catch {
        throw ParityError(path, "folder", found: "\(error)", expected: "a folder that can be read")
      }
      let found = names.filter { $0.hasSuffix(".safetensors") }.sorted()
      guard !found.isEmpty else {
        throw ParityError(
          path, "folder", found: "no safetensors file", expected: "files of reference numbers")
      }
      for name in found {
        files.append(
          try ParityFile(URL(fileURLWithPath: path).appendingPathComponent(name).path))
      }
    }
    return files
  }
}
