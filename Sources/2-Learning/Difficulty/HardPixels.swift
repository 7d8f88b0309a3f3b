/// Which pixels two probability maps make hard, and which of them a mask keeps.
///
/// The one place where a mask is decided: both engines and the difficulty map for methods ask it.
package struct HardPixels {
  let mask: DifficultyOptions.Mask
  /// The student's threshold; infinite: every valid pixel is hard.
  let studentThreshold: Float
  /// The teacher's threshold.
  let teacherThreshold: Float

  /// A rule; a pixel is hard for a network whose probability is not above its threshold.
  package init(mask: DifficultyOptions.Mask, studentThreshold: Float, teacherThreshold: Float) {
    self.mask = mask
    self.studentThreshold = studentThreshold
    self.teacherThreshold = teacherThreshold
  }

  /// Whether the mask keeps one pixel. An ignored one has NaN for both networks and is never kept.
  package func keeps(student: Float, teacher: Float) -> Bool {
    selected(Vector(repeating: student), Vector(repeating: teacher))[0]
  }

  /// The kept ones of 16 pixels; ignored ones hold NaN and are never kept.
  @inline(__always)
  func selected(_ student: Vector, _ teacher: Vector) -> SIMDMask<SIMD16<Int32>> {
    let studentHard = student .<= Vector(repeating: studentThreshold)
    let teacherHard = teacher .<= Vector(repeating: teacherThreshold)
    return switch mask {
    case .xor: studentHard .^ teacherHard
    case .or: studentHard .| teacherHard
    case .and: studentHard .& teacherHard
    case .ohem: studentHard
    }
  }

  /// Counts some pixels.
  ///
  /// - Parameters:
  ///   - count: the number of pixels, a multiple of 16.
  ///   - labels: their labels; ignored ones hold the class count.
  ///   - student: the student's probabilities.
  ///   - teacher: the teacher's probabilities; the student's again where there is no teacher.
  ///   - classCounts: the kept pixels of each class are added here.
  /// - Returns: how many pixels are hard for the student and for the teacher.
  func count(
    _ count: Int, labels: UnsafePointer<UInt8>, student: UnsafePointer<Float>,
    teacher: UnsafePointer<Float>, classCounts: UnsafeMutablePointer<Int64>
  ) -> (student: Int64, teacher: Int64) {
    typealias Lanes = SIMD16<Int32>
    var studentCount = Lanes()
    var teacherCount = Lanes()
    var index = 0
    while index < count {
      let s = UnsafeRawPointer(student + index).loadUnaligned(as: Vector.self)
      let t = UnsafeRawPointer(teacher + index).loadUnaligned(as: Vector.self)
      let studentHard = s .<= Vector(repeating: studentThreshold)
      let teacherHard = t .<= Vector(repeating: teacherThreshold)
      studentCount &-= unsafeBitCast(studentHard, to: Lanes.self)
      teacherCount &-= unsafeBitCast(teacherHard, to: Lanes.self)
      let kept = selected(s, t)
      if anyLane(kept) {
        let lanes = unsafeBitCast(kept, to: Lanes.self)
        for lane in 0..<16 { classCounts[Int(labels[index + lane])] &-= Int64(lanes[lane]) }
      }
      index += 16
    }
    return (Int64(studentCount.wrappedSum()), Int64(teacherCount.wrappedSum()))
  }
}
