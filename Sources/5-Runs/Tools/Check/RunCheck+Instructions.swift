import DataParallel
import Torch

extension RunCheck {
  /// Vector instructions, and what the libraries make of them. Collective.
  mutating func checkInstructions() throws {
    let own = InstructionSet.blasKernels
    let kernels = try coordinator.world.communicator.allgatherv(Array((own ?? "").utf8))
      .map { String(decoding: $0, as: UTF8.self) }
    let blas = own.map { ", OpenBLAS for \($0)" } ?? ""
    report.note(
      "instructions",
      "\(coordinator.instructions); kernels: oneDNN \(InstructionSet.used?.rawValue ?? "unknown"), "
        + "LibTorch \(InstructionSet.torchKernels)\(blas)")
    guard let other = kernels.firstIndex(where: { $0 != kernels[0] }) else { return }
    report.warn(
      "BLAS: rank \(other) computes for \(kernels[other]), rank 0 for \(kernels[0]), so that float64 "
        + "and methods that multiply matrices depend on the ranks; set OPENBLAS_CORETYPE=Haswell on "
        + "all hosts")
  }
}
