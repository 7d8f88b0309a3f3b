import DataParallel
import Foundation
import WeightFiles

// Not a case of the tests, but of launch/faults.

/// Prints the largest difference of the float32 parameters of two weight files, as a part of its tensor's largest
/// value where that is above 1; ends with code 65 if they do not hold the same tensors.
func printLargestDifference(_ paths: [String]) -> Never {
  do {
    let archives = try paths.map { try WeightFile.read($0) }
    guard archives.count == 2, archives[0].tensors.map(\.name) == archives[1].tensors.map(\.name)
    else {
      FailureExit.leave("weights: \(paths): expected two files of the same tensors", code: 65)
    }
    var largest: Float = 0
    for (a, b) in zip(archives[0].tensors, archives[1].tensors) where a.isParameter {
      let values = [a, b].map { tensor in
        tensor.bytes.withUnsafeBytes { bytes in
          (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
      }
      guard values[0].count == values[1].count else {
        FailureExit.leave("weights: \(a.name): expected the same shape", code: 65)
      }
      let scale = values[0].reduce(1) { max($0, abs($1)) }
      for (x, y) in zip(values[0], values[1]) { largest = max(largest, abs(x - y) / scale) }
    }
    print(largest)
    exit(0)
  } catch {
    FailureExit.leave(error, code: 65)
  }
}

extension StoredTensor {
  /// Whether it is trained; BatchNorm's running statistics are not.
  fileprivate var isParameter: Bool { elementType == .f32 && !name.contains(".running_") }
}
