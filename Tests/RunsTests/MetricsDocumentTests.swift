import Foundation
import Runs
import TestSupport
import Testing

/// Documentation/metrics.md has every key that the program writes, and no other.
@Suite struct MetricsDocumentTests {
  /// The keys of a section's table, in its order.
  private func keys(_ section: String) throws -> [String] {
    let text = try Repository.text("Documentation/metrics.md")
    let body = try #require(text.components(separatedBy: "\n## \(section)\n").dropFirst().first)
    return body.components(separatedBy: "\n## ")[0].split(separator: "\n")
      .filter { $0.hasPrefix("| `") }.compactMap { $0.split(separator: "`").dropFirst().first }
      .map(String.init)
  }

  @Test(arguments: [
    ("Training", TrainingLine.CodingKeys.allCases.map(\.rawValue)),
    ("Validation", ValidationLine.CodingKeys.allCases.map(\.rawValue)),
    ("history.jsonl", RunHistory.Event.CodingKeys.allCases.map(\.rawValue)),
  ])
  func everyKeyIsThere(section: String, written: [String]) throws {
    let told = try keys(section)
    #expect(Set(told) == Set(written), "\(Set(told).symmetricDifference(written).sorted())")
    #expect(told.count == written.count)
  }

  @Test func aLineOfAnEarlierVersionIsRead() throws {
    let text = """
      {"kind":"validation","iteration":3,"mean_iou":0.5,"mean_iou_definition":"all_classes",\
      "mean_iou_all_classes":0.5,"mean_iou_present_classes":0.5,"pixel_accuracy":0.5,\
      "class_iou":[0.5,null],"class_names":["a","b"],"images":3,"seconds":1}
      """
    let line = try JSONDecoder().decode(ValidationLine.self, from: Data(text.utf8))
    #expect(line.time == nil && line.iteration == 3)
    let event = #"{"kind":"start","iteration":0,"time":5,"ranks":2}"#
    _ = try JSONDecoder().decode(RunHistory.Event.self, from: Data(event.utf8))
  }
}
