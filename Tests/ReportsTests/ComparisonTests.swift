import Files
import Foundation
import Reports
import TestSupport
import Testing

@Suite struct ComparisonTests {
  @Test func seedsAreOneRowAndPairsAreCompared() throws {
    try withTemporaryFolder { folder in
      let folders = Folders(folder: folder)
      var paths: [String] = []
      for (seed, labels, kd) in [(1, 20.0, 23.0), (2, 21, 24.5), (3, 19, 21.5)] {
        paths.append(
          try folders.run("s\(seed)/labels", seed: seed, method: "none", meanIoU: [25, labels]))
        paths.append(try folders.run("s\(seed)/kd", seed: seed, method: "kd", meanIoU: [1, kd]))
      }
      let groups = RunGroup.groups(try paths.map { try RunRecord(folder: $0) })
      #expect(groups.map(\.name) == ["labels", "kd"])
      #expect(groups.map(\.seeds) == [[1, 2, 3], [1, 2, 3]])
      let last = Comparison(groups, weights: .last)
      #expect(abs(last.rows[0].meanIoU.mean - 20) < 1e-9)
      #expect(last.rows[0].seconds.mean == 12)
      let difference = try #require(last.pairs[0].difference)
      #expect(abs(difference.mean - 3) < 1e-9 && difference.isClear)
      #expect(last.table.contains("20.00 +- 1.00"), "\(last.table)")
      #expect(last.table.contains("kd - labels: +3.00 [+1.76, +4.24], clear"), "\(last.table)")
      #expect(abs(Comparison(groups, weights: .best).rows[0].meanIoU.mean - 25) < 1e-9)
      let object = try JSONSerialization.jsonObject(with: Data(last.json.utf8)) as? [String: Any]
      #expect((object?["rows"] as? [Any])?.count == 2)
    }
  }

  @Test func oneSeedTellsNoSpread() throws {
    try withTemporaryFolder { folder in
      let folders = Folders(folder: folder)
      let paths = [
        try folders.run("a", seed: 1, method: "none", meanIoU: [20]),
        try folders.run("b", seed: 1, method: "kd", meanIoU: [22]),
      ]
      let groups = RunGroup.groups(try paths.map { try RunRecord(folder: $0) })
      let comparison = Comparison(groups, weights: .last)
      #expect(comparison.rows.allSatisfy { $0.isUnfinished })
      #expect(comparison.table.contains("b - a: +2.00 (one seed: no interval)"))
    }
  }

  @Test func aDamagedLineCostsItselfAndIsTold() throws {
    try withTemporaryFolder { folder in
      let path = try Folders(folder: folder).run("a", seed: 1, method: "kd", meanIoU: [20, 22])
      let file = URL(fileURLWithPath: path + "/metrics.jsonl")
      let whole = try Data(contentsOf: file)
      // Torn by a run that goes on; of a later version; by a bad disk, a power cut, a text editor.
      for (before, after, damaged) in [
        ("", #"{"kind":"train","iter"#, 0), (#"{"kind":"start","why":"x"}"#, "", 0),
        ("{}", "", 1), ("\0\0\0", "", 1), ("# note by M\u{FC}ller", "\0\0\n", 2),
      ] {
        let latin = before.unicodeScalars.map { UInt8($0.value) }
        try (Data(latin) + Data("\r\n".utf8) + whole + Data(after.utf8)).write(to: file)
        let run = try RunRecord(folder: path)
        #expect(run.training.count == 2 && run.validations.count == 2)
        #expect(run.damagedLines == damaged, "\(before)")
        let table = Comparison(RunGroup.groups([run]), weights: .last).table
        #expect(table.contains("damaged lines left out") == (run.damagedLines > 0))
        #expect(ReportPage([run]).html.contains("damaged lines") == (run.damagedLines > 0))
      }
    }
  }

  @Test func whatIsThereAndCannotBeReadIsNotAbsent() throws {
    try withTemporaryFolder { folder in
      let path = try Folders(folder: folder).run("a", seed: 1, method: "kd", meanIoU: [20])
      for name in ["metrics.jsonl", "recipe.yaml"] {
        try FileManager.default.removeItem(atPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
          atPath: "\(path)/\(name)", withIntermediateDirectories: false)
        let error = #expect(throws: FileError.self) { try RunRecord(folder: path) }
        #expect(error?.description.hasPrefix("file refused: \(path)/\(name): ") == true)
      }
    }
  }

  @Test func aFolderThatIsNoRunIsNamed() throws {
    try withTemporaryFolder { folder in
      let error = #expect(throws: ReportError.self) { try RunRecord(folder: folder.path) }
      #expect(error?.description.contains("recipe.yaml") == true)
    }
  }
}
