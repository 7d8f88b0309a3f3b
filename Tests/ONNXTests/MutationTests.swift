import Files
import Foundation
import ONNX
import Randomness
import TestSupport
import Testing

/// Networks with damaged bytes: each is refused, or what comes of it is consistent.
@Suite struct MutationTests {
  /// Some 20,000 damaged files, or as many as 5 s allow.
  @Test(arguments: ["onnx/vit", "fuzz/onnx/network", "fuzz/onnx/shapes"])
  func damagedFilesAreRefusedOrConsistent(_ name: String) throws {
    let path = Repository.fixture(name + ".onnx")
    let whole = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    let folder = try TemporaryFolder()
    let end = Date().addingTimeInterval(1.7)
    var (trials, refused) = (0, 0)
    while trials < 7_000, Date() < end {
      var random = CounterRandom(.test, seed: 11, trials)
      trials += 1
      let file = try folder.write(Self.damaged(whole, &random))
      do throws(FileError) {
        let graph = try ONNXFile.read(file)
        check(try graph.plan(for: [1, 3, 64, 96]))
      } catch {
        refused += 1
        #expect(!error.description.contains("\n") && error.description.count < 2000)
      }
    }
    #expect(trials > 20 && refused > trials / 4, "\(refused) of \(trials)")
  }

  /// A few bytes changed, cut off, put in or copied.
  private static func damaged(_ whole: [UInt8], _ random: inout CounterRandom) -> [UInt8] {
    var bytes = whole
    for _ in 0...random.integer(below: 4) {
      let place = random.integer(below: bytes.count)
      switch random.integer(below: 8) {
      case 0: bytes.removeSubrange(place...)
      case 1: bytes.insert(UInt8(random.integer(below: 256)), at: place)
      case 2: bytes.remove(at: place)
      case 3: bytes.replaceSubrange(place..<place, with: [0xFF, 0xFF, 0xFF, 0xFF, 0x7F])
      case 4:
        let other = random.integer(below: bytes.count)
        let count = min(random.integer(below: 64), bytes.count - max(place, other))
        bytes.replaceSubrange(place..<place + count, with: bytes[other..<other + count])
      case 5: bytes[place] = bytes[place] &+ 1
      default: bytes[place] = UInt8(random.integer(below: 256))
      }
      guard bytes.count > 1 else { break }
    }
    return bytes
  }

  /// Every value that is read has a type and comes from before, and tensors are as large as they say.
  private func check(_ plan: Plan) {
    var known: Set = [plan.input]
    var byteCount = 0
    for tensor in plan.initialisers + plan.constants {
      #expect(plan.values[tensor.name] == ValueType(tensor.elementType, tensor.shape))
      known.insert(tensor.name)
      byteCount += tensor.bytes.count
    }
    for node in plan.nodes {
      #expect(node.inputs.allSatisfy { known.contains($0) && plan.values[$0] != nil })
      known.formUnion(node.outputs)
    }
    #expect(plan.outputs.allSatisfy { known.contains($0.value) && plan.values[$0.value] != nil })
    #expect(byteCount < 64 << 20)
  }
}
