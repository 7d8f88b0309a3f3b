import CTorch

/// Vector instructions that kernels in host memory are chosen for; each set holds all smaller ones.
///
/// Sums of other widths are rounded otherwise, so another set gives other bits.
package enum InstructionSet: String, Sendable, CaseIterable, Comparable {
  /// 256 bits with fused multiply-add, as all servers have them.
  case avx2
  /// 512 bits: AVX-512 F, BW, VL and DQ.
  case avx512
  /// And products of bfloat16.
  case avx512BFloat16 = "avx512_bf16"
  /// And tiles of them: AMX.
  case avx512Tiles = "avx512_amx"

  /// What this host's processor has and its system grants; nil if it has no AVX2.
  ///
  /// Settles nothing: `limit()` may follow.
  package static var ofHost: InstructionSet? { InstructionSet(code: ct_host_instructions()) }

  /// What oneDNN's kernels are chosen for; the first question settles that for this process.
  package static var used: InstructionSet? { InstructionSet(code: ct_used_instructions()) }

  /// What LibTorch's own kernels are chosen for, in its words: `AVX2`. The first question settles it.
  package static var torchKernels: String {
    var name: UnsafePointer<CChar>?
    TorchRuntime.check(ct_torch_kernels(&name), "torchKernels")
    return name.map { String(cString: $0) } ?? "unknown"
  }

  /// The processor that OpenBLAS's kernels are chosen for, in its words: `Haswell`; nil if BLAS is
  /// another one. It chose when it was loaded, as the environment's OPENBLAS_CORETYPE says.
  package static var blasKernels: String? { ct_blas_kernels().map { String(cString: $0) } }

  /// Keeps oneDNN's and LibTorch's kernels to this set, for the life of the process.
  ///
  /// Once, before the first operator. It changes the environment.
  ///
  /// - Returns: whether oneDNN uses this set now; not if it had chosen before.
  package func limit() -> Bool {
    TorchRuntime.check(ct_limit_instructions(code), "limit")
    return Self.used == self
  }

  /// Whether `a` is held by `b`, which has more.
  package static func < (a: InstructionSet, b: InstructionSet) -> Bool { a.code < b.code }

  private var code: Int32 {
    switch self {
    case .avx2: Int32(CT_AVX2)
    case .avx512: Int32(CT_AVX512)
    case .avx512BFloat16: Int32(CT_AVX512_BF16)
    case .avx512Tiles: Int32(CT_AVX512_AMX)
    }
  }

  private init?(code: Int32) {
    guard let set = Self.allCases.first(where: { $0.code == code }) else { return nil }
    self = set
  }
}
