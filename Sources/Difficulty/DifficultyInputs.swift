/// One rank's part of a global batch, as views of memory that the caller keeps alive.
///
/// Logits are float32, `[imageCount, classCount, lowHeight, lowWidth]`, contiguous. Labels are class
/// indices, `[imageCount, height, width]`; 255 is ignored.
public struct DifficultyInputs {
  /// The number of images of this rank; may be 0.
  public var imageCount: Int
  /// The position of this rank's first image in the global batch.
  public var firstImage: Int
  /// The number of images of all ranks.
  public var globalImageCount: Int
  /// The number of classes, 1 to 255.
  public var classCount: Int
  /// The height of the logits.
  public var lowHeight: Int
  /// The width of the logits.
  public var lowWidth: Int
  /// The height of the labels.
  public var height: Int
  /// The width of the labels.
  public var width: Int
  /// The student's logits.
  public var studentMain: UnsafePointer<Float>
  /// The logits of the student's auxiliary head, if it has one.
  public var studentAuxiliary: UnsafePointer<Float>?
  /// The teacher's logits; only plain cross entropy without distillation does without.
  public var teacherMain: UnsafePointer<Float>?
  /// The logits of the teacher's auxiliary head.
  public var teacherAuxiliary: UnsafePointer<Float>?
  /// The labels.
  public var labels: UnsafePointer<UInt8>

  /// Views of one rank's images; see the properties.
  public init(
    imageCount: Int, firstImage: Int = 0, globalImageCount: Int, classCount: Int,
    lowHeight: Int, lowWidth: Int, height: Int, width: Int,
    studentMain: UnsafePointer<Float>, studentAuxiliary: UnsafePointer<Float>? = nil,
    teacherMain: UnsafePointer<Float>? = nil, teacherAuxiliary: UnsafePointer<Float>? = nil,
    labels: UnsafePointer<UInt8>
  ) {
    self.imageCount = imageCount
    self.firstImage = firstImage
    self.globalImageCount = globalImageCount
    self.classCount = classCount
    self.lowHeight = lowHeight
    self.lowWidth = lowWidth
    self.height = height
    self.width = width
    self.studentMain = studentMain
    self.studentAuxiliary = studentAuxiliary
    self.teacherMain = teacherMain
    self.teacherAuxiliary = teacherAuxiliary
    self.labels = labels
  }

  /// The number of values of one logits array.
  var logitCount: Int { imageCount * classCount * lowHeight * lowWidth }

  /// Stops the program when sizes or heads do not fit together.
  func check(_ options: DifficultyOptions) {
    require(
      (1...255).contains(classCount) && lowHeight >= 1 && lowWidth >= 1 && height >= 1
        && width >= 1,
      "DifficultyInputs: \(classCount) classes, logits \(lowHeight)x\(lowWidth), labels "
        + "\(height)x\(width); expected 1 to 255 classes and sizes of at least 1")
    require(
      imageCount >= 0 && firstImage >= 0 && firstImage + imageCount <= globalImageCount,
      "DifficultyInputs: images \(firstImage)..<\(firstImage + imageCount) of "
        + "\(globalImageCount); expected a part of the global batch")
    require(
      !options.usesWeights || (teacherMain != nil && teacherAuxiliary != nil),
      "DifficultyInputs: TFE weights need both heads of the teacher")
    if options.usesMasks, options.mask != .ohem {
      require(
        teacherMain != nil && (studentAuxiliary == nil || teacherAuxiliary != nil),
        "DifficultyInputs: TSE masks need a teacher's head for each head of the student")
    }
    require(
      options.distillationWeight == 0 || teacherMain != nil,
      "DifficultyInputs: distillation needs the teacher's logits")
    require(
      options.distillationTemperature > 0,
      "DifficultyOptions: temperature \(options.distillationTemperature); expected above 0")
    require(
      !options.threshold.isNaN && options.minimumKept >= 0,
      "DifficultyOptions: threshold \(options.threshold), minimumKept \(options.minimumKept); "
        + "expected a number and at least 0")
    require(
      options.classWeights.map { $0.count == classCount } ?? true,
      "DifficultyOptions: \(options.classWeights?.count ?? 0) class weights; "
        + "expected \(classCount)")
  }
}

/// Where the gradients of the student's logits go; the engine overwrites them.
///
/// Float32, shaped like the logits. On many ranks the sum of what parameters receive is the gradient
/// of the reported loss: reduce with SUM, do not divide.
public struct DifficultyGradients {
  /// The gradient of the student's logits, `[imageCount, classCount, lowHeight, lowWidth]`.
  public var main: UnsafeMutablePointer<Float>
  /// The gradient of the auxiliary head's logits; needed when the student has one.
  public var auxiliary: UnsafeMutablePointer<Float>?

  /// Buffers of the caller.
  public init(
    main: UnsafeMutablePointer<Float>, auxiliary: UnsafeMutablePointer<Float>? = nil
  ) {
    self.main = main
    self.auxiliary = auxiliary
  }
}
