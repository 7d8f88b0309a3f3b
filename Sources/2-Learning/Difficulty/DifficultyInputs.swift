/// One rank's part of a global batch, as views of memory that the caller keeps alive.
///
/// Logits are float32, `[imageCount, classCount, lowHeight, lowWidth]`, contiguous. Labels are class
/// indices, `[imageCount, height, width]`; 255 is ignored.
package struct DifficultyInputs {
  /// Which images of the global batch these are.
  package struct Images {
    /// The number of images of this rank; may be 0.
    package var count: Int
    /// The position of this rank's first image in the global batch.
    package var first: Int
    /// The number of images of all ranks.
    package var globalCount: Int

    /// A rank's part of a batch; by default the whole batch.
    package init(count: Int, first: Int = 0, globalCount: Int? = nil) {
      self.count = count
      self.first = first
      self.globalCount = globalCount ?? count
    }
  }

  /// The sizes of logits and labels.
  package struct Sizes: Sendable, Equatable {
    /// The number of classes, 1 to 255.
    package var classCount: Int
    /// The height of the logits.
    package var lowHeight: Int
    /// The width of the logits.
    package var lowWidth: Int
    /// The height of the labels.
    package var height: Int
    /// The width of the labels.
    package var width: Int

    /// Sizes in pixels; see the properties.
    package init(classCount: Int, lowHeight: Int, lowWidth: Int, height: Int, width: Int) {
      self.classCount = classCount
      self.lowHeight = lowHeight
      self.lowWidth = lowWidth
      self.height = height
      self.width = width
    }
  }

  /// The logits of one network, `[imageCount, classCount, lowHeight, lowWidth]` for each head.
  package struct Logits {
    /// The main head's logits.
    package var main: UnsafePointer<Float>
    /// The auxiliary head's logits; nil if the network has none.
    package var auxiliary: UnsafePointer<Float>?

    /// Views of a network's logits, which the caller keeps alive.
    package init(main: UnsafePointer<Float>, auxiliary: UnsafePointer<Float>? = nil) {
      self.main = main
      self.auxiliary = auxiliary
    }
  }

  /// Which images of the batch these are.
  package var images: Images
  /// The sizes of logits and labels.
  package var sizes: Sizes
  /// The student's logits.
  package var student: Logits
  /// The teacher's logits; only plain cross entropy without distillation does without.
  package var teacher: Logits?
  /// The labels, `[imageCount, height, width]`.
  package var labels: UnsafePointer<UInt8>

  /// Views of one rank's images; see the properties.
  package init(
    images: Images, sizes: Sizes, student: Logits, teacher: Logits? = nil,
    labels: UnsafePointer<UInt8>
  ) {
    self.images = images
    self.sizes = sizes
    self.student = student
    self.teacher = teacher
    self.labels = labels
  }

  /// The number of values of one logits array.
  var logitCount: Int {
    images.count * sizes.classCount * sizes.lowHeight * sizes.lowWidth
  }

  /// Stops the program when sizes or heads do not fit together.
  func check(_ options: DifficultyOptions) {
    require(
      (1...255).contains(sizes.classCount) && sizes.lowHeight >= 1 && sizes.lowWidth >= 1
        && sizes.height >= 1 && sizes.width >= 1,
      "DifficultyInputs: \(sizes.classCount) classes, logits \(sizes.lowHeight)x"
        + "\(sizes.lowWidth), labels \(sizes.height)x\(sizes.width); expected 1 to 255 classes "
        + "and sizes of at least 1")
    require(
      images.count >= 0 && images.first >= 0 && images.first + images.count <= images.globalCount,
      "DifficultyInputs: images \(images.first)..<\(images.first + images.count) of "
        + "\(images.globalCount); expected a part of the global batch")
    options.check(
      classCount: sizes.classCount, studentHasAuxiliary: student.auxiliary != nil,
      teacherHeads: teacher.map { $0.auxiliary == nil ? 1 : 2 } ?? 0)
  }
}

extension DifficultyOptions {
  /// Stops the program when an option is no number of its range, or wants a head that is not there.
  ///
  /// - Parameter teacherHeads: 0 without a teacher, 1 for its main head alone, 2 for both.
  func check(classCount: Int, studentHasAuxiliary: Bool, teacherHeads: Int) {
    require(
      !usesWeights || teacherHeads == 2,
      "DifficultyInputs: TFE weights need both heads of the teacher")
    if usesMasks, mask != .ohem {
      require(
        teacherHeads >= (studentHasAuxiliary ? 2 : 1),
        "DifficultyInputs: TSE masks need a teacher's head for each head of the student")
    }
    require(
      distillationWeight == 0 || teacherHeads > 0,
      "DifficultyInputs: distillation needs the teacher's logits")
    require(
      distillationTemperature > 0,
      "DifficultyOptions: temperature \(distillationTemperature); expected above 0")
    require(
      !threshold.isNaN && minimumKept >= 0,
      "DifficultyOptions: threshold \(threshold), minimumKept \(minimumKept); expected a number "
        + "and at least 0")
    require(
      classWeights.map { $0.count == classCount } ?? true,
      "DifficultyOptions: \(classWeights?.count ?? 0) class weights; expected \(classCount)")
  }
}

/// Where the gradients of the student's logits go; the engine overwrites them.
///
/// Float32, shaped like the logits. On many ranks the sum of what parameters receive is the gradient
/// of the reported loss: reduce with SUM, do not divide.
package struct DifficultyGradients {
  /// The gradient of the student's logits, `[imageCount, classCount, lowHeight, lowWidth]`.
  package var main: UnsafeMutablePointer<Float>
  /// The gradient of the auxiliary head's logits; needed when the student has one.
  package var auxiliary: UnsafeMutablePointer<Float>?

  /// Buffers of the caller.
  package init(
    main: UnsafeMutablePointer<Float>, auxiliary: UnsafeMutablePointer<Float>? = nil
  ) {
    self.main = main
    self.auxiliary = auxiliary
  }
}
