import DataParallel
import Foundation
import MPI
import Recipes
import Torch

extension Coordinator {
  /// Stops the job unless all ranks run the same program on the same lists. Collective.
  ///
  /// The recipe is compared before, when it is read; weights are compared as the run goes on.
  func requireSameStart(_ data: Recipe.Data) throws(TrainingError) {
    let program = Fingerprint.ofFile("/proc/self/exe")
    try requireEqual(
      "\(program) \(TorchRuntime.version) \(World.libraryVersion)", "program",
      advice: "install the same build and the same libraries on every host")
    guard data.kind == .list else { return }
    for (name, key) in [
      (data.trainList, "data.train_list"), (data.validationList, "data.validation_list"),
    ] {
      let path = DataSources.path(ofList: name, data)
      try requireEqual("\(Fingerprint.ofFile(path))", "\(key) \(path)")
    }
  }
}

extension Fingerprint {
  /// A hash of a file's bytes; that of no bytes if it cannot be read.
  static func ofFile(_ path: String) -> UInt64 {
    let bytes =
      (try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)) ?? Data()
    return bytes.withUnsafeBytes { of($0) }
  }
}
