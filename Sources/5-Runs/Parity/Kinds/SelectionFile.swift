import Difficulty

/// `select`: the exact k-th smallest of arrays that are split over the ranks.
enum SelectionFile {
  static func compute(_ file: ParityFile, _ run: ParityRun) throws(ParityError) -> ComputedTensors {
    let ks = try file.integers("in.k", [-1])
    var computed: ComputedTensors = [:]
    for output in file.outputs where output.name.hasSuffix(".kth_bits") {
      let name = output.name.dropFirst("out.".count).dropLast(".kth_bits".count)
      let values = try file.floats("in.\(name)", [-1])
      guard ks.allSatisfy({ (1...Int64(values.count)).contains($0) }) else {
        throw file.refused("in.k", found: "\(ks)", expected: "1 to \(values.count)")
      }
      guard values.allSatisfy({ (0...1).contains($0) }) else {
        throw file.refused(
          "in.\(name)", found: "values outside 0 to 1", expected: "probabilities")
      }
      let part = Array(values[run.range(of: values.count)])
      let answers = part.withUnsafeBufferPointer { part in
        // Below 0: no threshold admits values without counting them.
        ExactSelection(threshold: -1).run(
          ks.map { .init(values: part, rank: $0, countAtThreshold: 0) }, reducer: run.reducer)
      }
      var below = [Int64(part.count { $0 <= 0.7 })]
      run.reducer.sum(&below)
      computed["out.\(name).kth"] = Computed(answers.map { Double($0.value) }, .exact)
      computed["out.\(name).kth_bits"] = Computed(exactly: answers.map(\.value.bitPattern))
      computed["out.\(name).count_le_kth"] = Computed(exactly: answers.map(\.count))
      computed["out.\(name).count_le_0_7"] = Computed(exactly: below)
    }
    return computed
  }
}
