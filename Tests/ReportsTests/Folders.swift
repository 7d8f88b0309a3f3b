import Foundation

/// Run folders as `rdd train` leaves them, written by hand.
struct Folders {
  /// What a run is measured on; without `data` as earlier versions wrote it.
  struct Measured {
    var classNames = ["a", "b"]
    var images = 3
    /// The digest of the validation images and labels.
    var data: String?
    var definition = "all_classes"
    /// Pixels `[label][prediction]`, of the last validation.
    var confusion: [[Int]]?
  }

  let folder: URL

  /// A run of twenty iterations with a validation every ten, whose mean IoU is given in percent.
  ///
  /// - Parameters:
  ///   - more: further lines of the recipe, whole sections.
  ///   - distill, train: further keys of these sections.
  ///   - phases: seconds of an iteration, by phase.
  @discardableResult
  func run(
    _ name: String, seed: Int, method: String, meanIoU: [Double], measured: Measured = Measured(),
    distill: String = "", train: String = "", phases: [String: Double] = ["student": 0.5],
    more: String = ""
  ) throws -> String {
    let place = folder.appending(path: name)
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    let hasTeacher = method == "none" || more.contains("teacher:")
    let teacher = hasTeacher ? "" : "teacher: {from_seed: true}\n"
    try """
    train: {iterations: 20, seed: \(seed)\(train)}
    distill: {method: \(method)\(distill)}
    \(teacher)\(more)
    """.write(to: place.appending(path: "recipe.yaml"), atomically: true, encoding: .utf8)
    let names = measured.classNames.map { "\"\($0)\"" }.joined(separator: ",")
    let scores = measured.classNames.indices.map { $0 == 1 ? "null" : "0.5" }
    let times = phases.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
    var lines: [String] = []
    for (index, score) in meanIoU.enumerated() {
      let iteration = 10 * (index + 1)
      lines.append(
        """
        {"kind":"train","iteration":\(iteration),"stage":"kd","loss":2,"task_loss":1,"kd_loss":1,\
        "learning_rate":0.1,"gradient_norm":"inf","images_per_second":4,\
        "seconds_per_iteration":0.5,"data_wait_seconds":0,"communication_wait_seconds":0,\
        "phase_seconds":{\(times)},"valid_pixels":9,"empty_mask":false,"fallback":false,\
        "empty_masks":0,"fallbacks":0,"skipped_updates":0}
        """)
      let data = measured.data.map { ",\"validation_data\":\"\($0)\"" } ?? ""
      let confusion = measured.confusion.map { ",\"confusion\":\($0)" } ?? ""
      lines.append(
        """
        {"kind":"validation","iteration":\(iteration),"mean_iou":\(score / 100),\
        "mean_iou_definition":"\(measured.definition)","mean_iou_all_classes":\(score / 100),\
        "mean_iou_present_classes":\(score / 100),"pixel_accuracy":0.5,\
        "class_iou":[\(scores.joined(separator: ","))],"class_names":[\(names)],\
        "images":\(measured.images),"seconds":1\(data)\(index == meanIoU.count - 1 ? confusion : "")}
        """)
    }
    try (lines.joined(separator: "\n") + "\n").write(
      to: place.appending(path: "metrics.jsonl"), atomically: true, encoding: .utf8)
    return place.path
  }
}
