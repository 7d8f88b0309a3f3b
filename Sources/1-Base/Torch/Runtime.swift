import CTorch

/// Settings of the library as a whole.
package enum TorchRuntime {
  /// LibTorch's version, as "1.13.1".
  package static var version: String { String(cString: ct_version()) }

  /// The number of threads that one operator uses; set it on each rank. OpenBLAS uses one.
  package static var threads: Int {
    get { Int(ct_threads()) }
    set { check(ct_set_threads(Int32(newValue)), "threads") }
  }

  /// Runs `body` with operators of one thread: LibTorch's own convolutions divide sums among threads.
  package static func withOneThread<Result>(_ body: () throws -> Result) rethrows -> Result {
    let before = threads
    threads = 1
    defer { threads = before }
    return try body()
  }

  /// Returns large freed blocks to the system, until `keepMemory`: while networks are made, folded
  /// and copied.
  package static func returnMemory() { ct_return_memory() }

  /// Keeps freed memory in the process, for loops that take the same memory again and again.
  package static func keepMemory() { ct_keep_memory() }

  /// Whether this build of LibTorch sees a CUDA device.
  package static var cudaIsAvailable: Bool { ct_cuda_available() }

  /// What happens when an operator fails inside LibTorch: no caller can go on, so it ends the job.
  ///
  /// Set once at start, before other threads run. The default stops this process.
  nonisolated(unsafe) package static var onFailure: @Sendable (String) -> Never = { message in
    fatalError(message)
  }

  /// Ends the job with the library's last message if `status` is not 0.
  static func check(_ status: Int32, _ operation: StaticString, _ tensors: Tensor...) {
    guard status != 0 else { return }
    let shapes = tensors.map { "\($0.shape) \($0.type)" }.joined(separator: ", ")
    onFailure("\(operation)(\(shapes)): \(String(cString: ct_last_error()))")
  }
}

/// The type of a tensor's elements.
package enum ElementType: Sendable, CaseIterable {
  /// IEEE single precision.
  case float32
  /// The upper half of a float32.
  case bfloat16
  /// IEEE double precision, for tests.
  case float64
  /// Signed 64-bit integers, for indices.
  case int64
  /// Bytes, for labels.
  case uint8
  /// Truth values, a byte each.
  case bool
  /// Signed 32-bit integers.
  case int32
  /// IEEE half precision, as published weights may have it.
  case float16
  /// Signed bytes, as the reference data's labels are.
  case int8

  /// The size of one element, in bytes.
  package var byteCount: Int {
    switch self {
    case .uint8, .bool, .int8: 1
    case .bfloat16, .float16: 2
    case .float32, .int32: 4
    case .float64, .int64: 8
    }
  }

  var code: Int32 {
    switch self {
    case .float32: Int32(CT_FLOAT32)
    case .bfloat16: Int32(CT_BFLOAT16)
    case .float64: Int32(CT_FLOAT64)
    case .int64: Int32(CT_INT64)
    case .uint8: Int32(CT_UINT8)
    case .bool: Int32(CT_BOOL)
    case .int32: Int32(CT_INT32)
    case .float16: Int32(CT_FLOAT16)
    case .int8: Int32(CT_INT8)
    }
  }

  init?(code: Int32) {
    guard let type = Self.allCases.first(where: { $0.code == code }) else { return nil }
    self = type
  }
}

/// Where a tensor's memory is.
package enum Device: Sendable, Hashable {
  /// Host memory.
  case cpu
  /// The memory of the CUDA device with this index.
  case cuda(Int)

  var code: Int32 {
    switch self {
    case .cpu: Int32(CT_CPU)
    case .cuda(let index): Int32(CT_CUDA) + Int32(index)
    }
  }

  init(code: Int32) { self = code == Int32(CT_CPU) ? .cpu : .cuda(Int(code) - Int(CT_CUDA)) }
}

/// The order in which the elements of an `[N, C, H, W]` tensor lie in memory.
package enum MemoryFormat: Sendable {
  /// Row-major: the width varies fastest.
  case contiguous
  /// The channels vary fastest (NHWC); the shape is still written `[N, C, H, W]`.
  case channelsLast

  var code: Int32 { Int32(self == .contiguous ? CT_CONTIGUOUS : CT_CHANNELS_LAST) }
}
