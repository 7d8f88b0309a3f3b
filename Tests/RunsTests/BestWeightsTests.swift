import Files
import Foundation
import Runs
import TestSupport
import Testing
import WeightFiles

/// `best.safetensors` as a start finds it, and what is kept of it.
@Suite struct BestWeightsTests {
  private func save(_ identity: String?, _ iteration: Int?, _ path: String) throws {
    var metadata = ["network": "none"]
    metadata["run.identity"] = identity
    metadata["iteration"] = iteration.map(String.init)
    try AtomicFile().writeAtomically(TensorArchive(tensors: [], metadata: metadata), to: path)
  }

  private func origin(_ path: String) throws -> BestWeights.Origin? {
    try BestWeights(path).origin()
  }

  /// A run "b" that was "a" before goes on after iteration 4, whose best validation was at 2.
  private func compared(
    _ path: String, best: (meanIoU: Double, iteration: Int)? = (0.0342, 2)
  ) -> (weights: BestWeights, warning: String?) {
    var weights = BestWeights(path)
    let warning = weights.compare(with: best, after: 4, identity: "b", others: ["a"])
    return (weights, warning)
  }

  @Test func weightsThatAreNotTheBestAreTold() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/best.safetensors"
      let cases: [(identity: String?, iteration: Int?, found: String?, isKept: Bool)] = [
        ("b", 2, nil, false), ("a", 2, nil, false), (nil, nil, nil, true),
        // Of this run after the checkpoint: it comes once more. Before it went on otherwise: it does not.
        ("b", 6, nil, false), ("a", 6, nil, true),
        ("c", 2, "those of another run", true), ("b", 1, "those of iteration 1", true),
      ]
      for (identity, iteration, found, isKept) in cases {
        try save(identity, iteration, path)
        var (weights, warning) = compared(path)
        let place = "\(identity ?? "-") \(iteration ?? 0)"
        #expect(
          warning
            == found.map {
              "\(path): found \($0); expected the weights of iteration 2, the best so far: the file of "
                + "that score is gone, and a better validation writes it anew"
            }, "\(place)")
        let aside = try weights.putAside()
        #expect((aside != nil) == isKept, "\(place)")
        if let aside { try FileStore().unlink(aside) }
      }
    }
  }

  @Test func weightsThatAreGoneOrDamagedAreTold() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/best.safetensors"
      var (weights, warning) = compared(path)
      #expect(
        warning?.hasPrefix("\(path): found none; expected the weights of iteration 2") == true)
      #expect(try weights.putAside() == nil)
      // Before the first validation there are none.
      #expect(compared(path, best: nil).warning == nil)
      try Data([1, 2, 3]).write(to: URL(filePath: path))
      (weights, warning) = compared(path)
      #expect(warning?.contains("found no whole file (found 3 bytes)") == true, "\(warning ?? "")")
      let aside = folder.path + "/best.earlier-1.safetensors"
      #expect(try weights.putAside() == aside)
      #expect(try Data(contentsOf: URL(filePath: aside)) == Data([1, 2, 3]))
    }
  }

  /// Once for each start; what is worth more stays, and another run's is not written over.
  @Test func whatIsKeptIsNotLost() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/best.safetensors"
      let asides = (1...2).map { "\(folder.path)/best.earlier-\($0).safetensors" }
      func keep(_ identity: String, _ iteration: Int) throws -> String? {
        try save(identity, iteration, path)
        var weights = BestWeights(path)
        #expect(try weights.putAside() == nil)
        weights.keep()
        let aside = try weights.putAside()
        try save(identity, 1, path)
        #expect(try weights.putAside() == nil)
        return aside
      }
      // The second one begun anew, and killed again.
      let kept = try [keep("a", 6), keep("a", 2), keep("b", 3), keep("a", 8)]
      #expect(kept == [asides[0], nil, asides[1], asides[0]])
      #expect(try asides.map { try origin($0)?.iteration } == [8, 3])
      #expect(try asides.map { try origin($0)?.identity } == ["a", "b"])
    }
  }
}
