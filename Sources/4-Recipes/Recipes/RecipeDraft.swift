import Datasets
import Networks

/// A first recipe for images that somebody has found, with what it leaves to be decided as comments.
package struct RecipeDraft: Sendable {
  /// The folder of the images; absolute.
  package var root: String
  /// The lists; absolute, or relative to the root.
  package var lists: (training: String, validation: String)
  /// Images of the training list.
  package var imageCount: Int
  /// How label files say a class.
  package var format: LabelFormat
  /// Classes; those of the format, if it has its own.
  package var classCount: Int
  /// The least rows and columns of the images.
  package var smallest: (height: Int, width: Int)
  /// Whether some class has no pixel.
  package var lacksClasses = false
  /// What is trained.
  package var student = usualStudent
  /// What it learns from.
  package var teacher = usualTeacher
  /// The weights that the teacher will have, relative to the recipe's folder.
  package var teacherWeights = "runs/teacher/best.safetensors"
  /// Lines about the images and the labels, for the head of the file.
  package var remarks: [String] = []

  /// The network that most begin to train.
  package static let usualStudent: Architecture = "deeplabv3_resnet18"
  /// The network that most begin to learn from.
  package static let usualTeacher: Architecture = "deeplabv3_resnet50"

  /// A draft with the networks that most begin with.
  package init(
    root: String, lists: (training: String, validation: String), imageCount: Int,
    format: LabelFormat, classCount: Int, smallest: (height: Int, width: Int)
  ) {
    self.root = root
    self.lists = lists
    self.imageCount = imageCount
    self.format = format
    self.classCount = classCount
    self.smallest = smallest
  }

  /// Height and width of a training crop: multiples of 8 that the smallest image holds, 512 at the most.
  package var crop: (height: Int, width: Int) {
    func side(_ length: Int) -> Int { max(32, min(512, length / 8 * 8)) }
    return (side(smallest.height), side(smallest.width))
  }

  /// Images of a step: 8, or fewer of few images. BatchNorm needs two.
  package var batchSize: Int {
    [8, 4].first { imageCount >= 4 * $0 } ?? 2
  }

  /// Every image about 200 times, in hundreds; 1000 to 40000, the paper's number.
  package var iterations: Int {
    min(40_000, max(1000, 200 * imageCount / batchSize / 100 * 100))
  }

  /// Iterations between validations: twenty of them.
  package var validateEvery: Int { iterations / 20 }

  /// The paper's rate for its 16 images, in proportion to the batch.
  package var learningRate: Double { 0.02 * Double(batchSize) / 16 }

  /// The recipe's text. Nothing in it is read in another way than it is meant, whatever files are called.
  package var yaml: String {
    var lines = remarks.map { $0.isEmpty ? "#" : "# " + $0.onOneLine }
    lines += [
      "data:",
      "  kind: list",
      "  root: \(root.yaml)",
      "  train_list: \(lists.training.yaml)",
      "  validation_list: \(lists.validation.yaml)",
      "  format: \(format.yaml)",
    ]
    if format.card.classes == nil {
      lines += [
        "  num_classes: \(classCount)",
        "  # Their names and colours, in the order of the indices, for tables and pictures:",
        "  # classes: [{name: road, colour: [128, 64, 128]}, {name: car, colour: [0, 0, 142]}]",
      ]
    }
    lines += [
      "  crop_height: \(crop.height)   # of images of \(smallest.height) rows or more",
      "  crop_width: \(crop.width)    # of \(smallest.width) columns or more",
      "student:",
      "  network: \(student.yaml)",
      "  # With ImageNet weights of the backbone, which are not in the program, it learns far more:",
      "  # backbone_weights: FILE",
      "teacher:",
      "  network: \(teacher.yaml)",
      "  weights: \(teacherWeights.yaml)   # from this file's folder; the teacher is trained first",
      "train:",
      "  iterations: \(iterations)   # about \(iterations * batchSize / max(imageCount, 1)) times each image",
      "  batch_size: \(batchSize)   # over all ranks together; the paper has 16",
      "  learning_rate: \(learningRate.yaml)   # 0.02 for 16 images, in proportion",
      "  validate_every: \(validateEvery)",
      "  checkpoint_every: \(validateEvery)",
      "distill:",
      "  method: rdd   # or kd, or none: labels alone",
      "  warmup_iterations: auto   # a tenth of the iterations: \(Recipe.warmup(of: iterations))",
    ]
    if lacksClasses {
      lines += [
        "evaluation:",
        "  mean_iou: present_classes   # a class without pixels would count as 0",
      ]
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
