import Files
import Foundation
import Reports
import TestSupport
import Testing

/// Which scores are told from each other, and which are not.
@Suite struct ComparableTests {
  private typealias Measured = Folders.Measured

  /// A list's files: only their digest tells them apart.
  private static let list = "data: {kind: list, root: /images, format: train_ids, num_classes: 2}"

  /// The comparison of two runs, `labels` and `kd`.
  private func compared(
    _ folder: URL, _ first: Measured, _ second: Measured, _ recipes: (String, String) = ("", "")
  ) throws -> (comparison: Comparison, page: String) {
    let folders = Folders(folder: folder)
    let runs = try [
      folders.run(
        "labels", seed: 1, method: "none", meanIoU: [20], measured: first, more: recipes.0),
      folders.run(
        "kd", seed: 1, method: "kd", meanIoU: [22], measured: second, more: recipes.1),
    ].map { try RunRecord(folder: $0) }
    return (Comparison(RunGroup.groups(runs), weights: .last), ReportPage(runs).html)
  }

  @Test(arguments: [
    (Measured(images: 4), "4 and 3 validation images"),
    (Measured(classNames: ["a", "c"]), "other classes"),
    (Measured(definition: "present_classes"), "the mean over"),
    (Measured(data: "contents:2"), "other validation images or labels"),
  ])
  private func otherMeasurementsAreNotCompared(other: Measured, reason: String) throws {
    try withTemporaryFolder { folder in
      let (comparison, page) = try compared(folder, Measured(data: "contents:1"), other)
      #expect(comparison.pairs.map { $0.difference == nil } == [true])
      #expect(comparison.pairs[0].obstacle?.contains(reason) == true)
      #expect(comparison.table.contains("kd - labels: not compared: "), "\(comparison.table)")
      let object = try JSONSerialization.jsonObject(with: Data(comparison.json.utf8))
      let pair = try #require(
        ((object as? [String: Any])?["pairs"] as? [[String: Any]])?.first)
      #expect((pair["not_comparable"] as? String)?.contains(reason) == true)
      #expect(pair["difference"] == nil)
      #expect(page.contains("kd and labels are not compared: "))
      // Nothing is the highest of numbers that are of different things.
      #expect(!page.contains("title=\"highest\""))
    }
  }

  @Test func equalFilesAreComparedWhateverTheirListIsCalled() throws {
    try withTemporaryFolder { folder in
      let other = Self.list.replacing("}", with: ", validation_list: other.txt}")
      let same = Measured(data: "contents:1")
      let known = try compared(folder, same, same, (Self.list, other)).comparison
      #expect(known.pairs[0].difference?.mean == 2)
      // Contents do not compare with sizes, and earlier lines say nothing: then the lists count.
      for old in [Measured(data: "sizes:9"), Measured()] {
        let comparison = try compared(folder, same, old, (Self.list, other)).comparison
        #expect(comparison.pairs[0].obstacle == "other data.validation_list")
        let alike = try compared(folder, same, old, (Self.list, Self.list)).comparison
        #expect(alike.pairs[0].difference?.mean == 2)
      }
    }
  }

  /// Scenes have no files: what draws them counts, and what draws those of training does not.
  @Test(arguments: [
    ("data: {scenes: {seed: 2}}", false), ("data: {scenes: {train_count: 7}}", true),
    ("data: {scenes: {height: 64}, crop_height: 32}", false), ("data: {crop_height: 64}", true),
    ("data: {root: /elsewhere, loader_threads: 3}", true), ("evaluation: {flip: true}", false),
    ("evaluation: {pictures: 7, batch_size: 3}", true),
  ])
  func whatDrawsTheValidationScenesCounts(recipe: String, isSame: Bool) throws {
    try withTemporaryFolder { folder in
      let made = Measured(data: "made:0")
      let pair = try compared(folder, made, made, ("", recipe)).comparison.pairs[0]
      #expect((pair.difference != nil) == isSame, "\(pair)")
    }
  }

  /// Runs that differ in the seed alone, but for the images that they were measured on.
  @Test func seedsOnOtherImagesAreNotOneRow() throws {
    try withTemporaryFolder { folder in
      let folders = Folders(folder: folder)
      let paths = try [(1, 3), (2, 3), (3, 5)].map { seed, images in
        try folders.run(
          "s\(seed)/kd", seed: seed, method: "kd", meanIoU: [20, 21],
          measured: Measured(images: images))
      }
      let groups = RunGroup.groups(try paths.map { try RunRecord(folder: $0) })
      #expect(groups.map(\.seeds) == [[1, 2], [3]])
      #expect(Set(groups.map(\.name)).count == 2)
    }
  }

  @Test func allAreToldFromTheOneThatIsNamed() throws {
    try withTemporaryFolder { folder in
      let folders = Folders(folder: folder)
      let paths = try [("none", 20.0), ("kd", 22), ("rdd", 23)].map {
        try folders.run($0, seed: 1, method: $0, meanIoU: [1, $1])
      }
      let groups = RunGroup.groups(try paths.map { try RunRecord(folder: $0) })
      let all = Comparison(groups, weights: .last)
      #expect(all.baseline == nil && all.pairs.count == 3)
      for name in ["kd", paths[1], paths[1] + "/"] {
        let comparison = Comparison(
          groups, weights: .last, against: try groups.index(named: name))
        #expect(comparison.pairs.map { "\($0.first) \($0.second)" } == ["none kd", "rdd kd"])
        #expect(comparison.baseline == "kd")
        #expect(comparison.table.contains("none - kd: -2.00"))
      }
      let error = #expect(throws: ReportError.self) { try groups.index(named: "k\u{1B}d") }
      #expect(error?.description.contains("--against: found 'k\\u{1b}d'") == true)
      #expect(error?.description.contains("'none', 'kd', 'rdd'") == true)
    }
  }

  /// Students beside their teacher: each from labels alone, and from each other; of more, not that.
  @Test func manyAreToldFromLabelsAlone() throws {
    try withTemporaryFolder { folder in
      let folders = Folders(folder: folder)
      let small = "student: {network: deeplab_mobile}"
      var paths = [try folders.run("teacher", seed: 1, method: "none", meanIoU: [30])]
      for method in ["none", "kd", "rdd"] {
        paths.append(
          try folders.run(method, seed: 1, method: method, meanIoU: [20], more: small))
      }
      func pairs() throws -> [String] {
        let groups = RunGroup.groups(try paths.map { try RunRecord(folder: $0) })
        return Comparison(groups, weights: .last).pairs.map { "\($0.first) \($0.second)" }
      }
      #expect(try pairs() == ["teacher none", "kd none", "rdd none", "rdd kd"])
      paths.append(
        try folders.run(
          "kd2", seed: 1, method: "kd", meanIoU: [20], distill: ", kd_weight: 2", more: small))
      #expect(try pairs() == ["teacher none", "kd none", "rdd none", "kd2 none"])
    }
  }
}
