import Files
import Networks
import Reduction
import Testing
import Torch
import WeightFiles

/// Numbers that no network can compute with are refused where they are loaded.
@Suite struct WeightValueTests {
  /// A number of a tensor, as a file of some type holds it.
  struct Case: Sendable, CustomTestStringConvertible {
    var tensor: String
    var type: WeightFiles.ElementType
    var bytes: [UInt8]
    var line: String
    var testDescription: String { "\(type.rawValue) \(line)" }

    init<Value>(_ tensor: String, _ type: WeightFiles.ElementType, _ value: Value, _ line: String) {
      self.tensor = tensor
      self.type = type
      bytes = withUnsafeBytes(of: value) { Array($0) }
      self.line = line
    }
  }

  static let weight = "pretrained.net.features.0.0.weight"
  static let variance = "pretrained.net.features.0.1.running_var"
  static let count = "pretrained.net.features.0.1.num_batches_tracked"

  static let refused = [
    Case(weight, .f32, Float.nan, "[31, 2, 2, 2]: found nan; expected a finite number"),
    Case(weight, .f32, -Float.infinity, "[31, 2, 2, 2]: found -inf; expected a finite number"),
    Case(weight, .f64, Double.nan, "[31, 2, 2, 2]: found nan; expected a finite number"),
    Case(weight, .f64, 1e39, "[31, 2, 2, 2]: found 1e+39; expected a number that float32 can hold"),
    Case(weight, .f16, UInt16(0x7c00), "[31, 2, 2, 2]: found inf; expected a finite number"),
    Case(weight, .bf16, UInt16(0xffc0), "[31, 2, 2, 2]: found nan; expected a finite number"),
    Case(variance, .f32, Float(-0.25), "[31]: found -0.25; expected a variance of 0 or more"),
    Case(
      variance, .f16, UInt16(0x8001), "[31]: found -5.960464477539063e-08; expected a variance"),
    Case(variance, .bf16, UInt16(0x7f80), "[31]: found inf; expected a finite number"),
    Case(variance, .i8, Int8(-1), "[31]: found -1.0; expected a variance of 0 or more"),
    Case(count, .i64, Int64(-1), "': found -1.0; expected a count from 0 on"),
    Case(count, .f32, Float(0x1p63), "': found 9.223372036854776e+18; expected a count from 0 on"),
  ]

  static let accepted = [
    Case(weight, .f32, Float.greatestFiniteMagnitude, ""),
    Case(weight, .f64, -Double(Float.greatestFiniteMagnitude), ""),
    Case(weight, .f64, 0x1.fffffep127, ""), Case(weight, .f16, UInt16(0xfbff), ""),
    Case(weight, .bf16, UInt16(0x7f7f), ""), Case(weight, .i32, Int32.min, ""),
    Case(variance, .f32, Float(-0.0), ""), Case(variance, .f32, Float(3e38), ""),
    Case(count, .i64, Int64(1 << 53), ""),
  ]

  /// The file of a network, in which the last number of one tensor is another; others of it are 0.
  private func archive(_ change: Case) -> TensorArchive {
    TensorArchive(
      tensors: network("psp_mobile", .float32).state.stored().map { tensor in
        guard tensor.name == change.tensor else { return tensor }
        let zeros = (tensor.elementCount - 1) * change.type.byteCount
        return StoredTensor(
          name: tensor.name, elementType: change.type, shape: tensor.shape,
          bytes: ByteRegion(copying: [UInt8](repeating: 0, count: zeros) + change.bytes))
      })
  }

  @Test(arguments: refused)
  func refusesAndWritesNothing(_ change: Case) throws {
    let target = network("psp_mobile", .float32)
    let before = target.state.entries.map(\.tensor.doubles)
    let error = #expect(throws: FileError.self) {
      try target.state.load(archive(change), from: "a.pth", network: "psp_mobile")
    }
    let line = error?.description ?? ""
    #expect(line.hasPrefix("weights refused: a.pth: '\(change.tensor)'"), "\(line)")
    #expect(line.contains(change.line) && line.hasSuffix(StoredTensor.valueAdvice), "\(line)")
    #expect(error?.exitCode == 65)
    #expect(target.state.entries.map(\.tensor.doubles) == before)
  }

  @Test(arguments: accepted)
  func acceptsLargeNumbers(_ change: Case) throws {
    let target = network("psp_mobile", .float32)
    try target.state.load(archive(change), from: "a.pth", network: "psp_mobile")
    #expect(target.state.entries.allSatisfy { $0.tensor.doubles.allSatisfy(\.isFinite) })
  }

  /// What fits float64 alone is fine where it stays float64.
  @Test func numbersAreJudgedAsTheyAreUsed() throws {
    let large = Case(Self.weight, .f64, 1e300, "")
    let target = network("psp_mobile", .float64)
    try target.state.load(archive(large), from: "a.pth", network: "psp_mobile")
    #expect(target.state[Self.weight]?.doubles.last == 1e300)
    let stored = try #require(archive(large)[Self.weight])
    try stored.requireSound(in: "a.pth")
  }

  /// A fault at every place of a tensor is found there.
  @Test func placesAreRight() throws {
    for index in 0..<12 {
      var values = [Float](repeating: 1, count: 12)
      values[index] = .nan
      let tensor = StoredTensor(
        name: "w", elementType: .f32, shape: [2, 3, 2], bytes: ByteRegion(copying: values))
      let error = #expect(throws: FileError.self) { try tensor.requireSound(in: "f") }
      let place = [index / 6, index / 2 % 3, index % 2]
      #expect(error?.detail.hasPrefix("'w'\(place): found nan") == true)
    }
  }

  /// A step that overflows is left out; a NaN in the running statistics would stay for ever.
  @Test(arguments: [Float.infinity, .nan, 3e38])
  func aBatchThatOverflowsLeavesTheRunningStatistics(_ value: Float) {
    let state = StateDict()
    let norm = BatchNorm(Scope(state: state, prefix: "", start: Initialisation(seed: 1)), 2)
    let pass = training(0..<1, SingleProcess(), .float32)
    _ = norm(Tensor([Float(1), 3, 5, 9], [1, 2, 1, 2]), pass)
    let before = state.entries.map(\.tensor.doubles)
    _ = norm(Tensor([Float(1), 3, value, -value], [1, 2, 1, 2]), pass)
    #expect(state.entries.map(\.tensor.doubles) == before)
    #expect(before.joined().allSatisfy { $0.isFinite })
  }
}
