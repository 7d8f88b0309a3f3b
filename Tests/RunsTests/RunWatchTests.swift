import Foundation
import Logging
import Runs
import Steps
import Testing

/// A run as its files tell it while it goes on.
@Suite struct RunWatchTests {
  private func training(_ iteration: Int) -> String {
    """
    {"kind":"train","iteration":\(iteration),"stage":"kd","loss":2.5,"task_loss":1,"kd_loss":1.5,\
    "learning_rate":0.1,"gradient_norm":"inf","images_per_second":4,"seconds_per_iteration":60,\
    "data_wait_seconds":0,"communication_wait_seconds":0,"phase_seconds":{},"valid_pixels":9,\
    "empty_mask":false,"fallback":false,"empty_masks":0,"fallbacks":0,"skipped_updates":0}

    """
  }

  private func validation(_ iteration: Int, _ score: Double) -> String {
    """
    {"kind":"validation","iteration":\(iteration),"mean_iou":\(score),"mean_iou_definition":\
    "all_classes","mean_iou_all_classes":0.5,"mean_iou_present_classes":0.5,"pixel_accuracy":0.75,\
    "class_iou":[0.5],"class_names":["a"],"images":3,"seconds":30,"time":"2026-01-02T03:04:05Z"}

    """
  }

  @Test func aRunIsFollowedToItsEnd() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func write(_ text: String, _ name: String) throws {
      try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
    }
    let error = #expect(throws: TrainingError.self) { try follow(folder) }
    #expect(error?.code == .missingInput && error?.description.contains("recipe.yaml") == true)
    try write("train: {iterations: 12, validate_every: 4}\ndistill: none\n", "recipe.yaml")
    let watch = try follow(folder)
    let head = try watch.look()
    #expect(head.rows.count == 2 && head.rows[0].contains("12 iterations") && !head.isComplete)
    #expect(head.rows[1].contains("mIoU %") && head.last == nil)
    let start = (1...4).map(training).joined() + validation(4, 0.25) + training(5)
    try write(start, "metrics.jsonl")
    let first = try watch.look()
    #expect(first.rows.count == 1)
    let fields = first.rows[0].split(separator: " ").map(String.init)
    #expect(fields == ["4", "kd", "2.5000", "25.00", "75.00", "best", "2026-01-02T03:04:05Z"])
    // Seven iterations of a minute, and two validations of half a minute.
    #expect(first.last?.hasPrefix("iteration 5/12 kd loss 2.5000") == true)
    #expect(first.last?.contains(" eta 8m00s ") == true)
    #expect(try watch.look().rows.isEmpty)
    // A start from the checkpoint of iteration 4: what is known is not told again.
    try write(start.replacingOccurrences(of: training(5), with: ""), "metrics.jsonl")
    #expect(try watch.look().rows.isEmpty)
    try write(
      start + (6...8).map(training).joined() + "damaged\n" + validation(8, 0.2)
        + (9...12).map(training).joined() + validation(12, 0.5), "metrics.jsonl")
    let end = try watch.look()
    #expect(end.isComplete && end.rows.count == 3)
    #expect(end.rows[0].contains("20.00") && !end.rows[0].contains("best"))
    #expect(end.rows[2] == "complete; best mIoU 50.00 % at iteration 12")
  }

  private func follow(_ folder: URL) throws -> RunWatch {
    try RunWatch(folder: folder.path, Progress(Logger(label: "test")))
  }
}
