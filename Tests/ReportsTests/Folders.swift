import Foundation

/// Run folders as `rdd train` leaves them, written by hand.
struct Folders {
  let folder: URL

  /// A run with two validations, whose mean IoU is given in percent.
  @discardableResult
  func run(_ name: String, seed: Int, method: String, meanIoU: [Double]) throws -> String {
    let place = folder.appending(path: name)
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    let teacher = method == "none" ? "" : "teacher: {from_seed: true}\n"
    try """
    train: {iterations: 20, seed: \(seed)}
    distill: {method: \(method)}
    \(teacher)
    """.write(to: place.appending(path: "recipe.yaml"), atomically: true, encoding: .utf8)
    var lines: [String] = []
    for (index, score) in meanIoU.enumerated() {
      let iteration = 10 * (index + 1)
      lines.append(
        """
        {"kind":"train","iteration":\(iteration),"stage":"kd","loss":2,"task_loss":1,"kd_loss":1,\
        "learning_rate":0.1,"gradient_norm":"inf","images_per_second":4,\
        "seconds_per_iteration":0.5,"data_wait_seconds":0,"communication_wait_seconds":0,\
        "phase_seconds":{"student":0.5},"valid_pixels":9,"empty_mask":false,"fallback":false,\
        "empty_masks":0,"fallbacks":0,"skipped_updates":0}
        """)
      lines.append(
        """
        {"kind":"validation","iteration":\(iteration),"mean_iou":\(score / 100),\
        "mean_iou_definition":"all_classes","mean_iou_all_classes":\(score / 100),\
        "mean_iou_present_classes":\(score / 100),"pixel_accuracy":0.5,"class_iou":[0.5,null],\
        "class_names":["a","b"],"images":3,"seconds":1}
        """)
    }
    try (lines.joined(separator: "\n") + "\n").write(
      to: place.appending(path: "metrics.jsonl"), atomically: true, encoding: .utf8)
    return place.path
  }
}
