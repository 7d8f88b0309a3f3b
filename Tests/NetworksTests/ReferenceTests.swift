import Parity
import TestSupport
import Testing

/// Whole networks and batch normalisation against the authors' numbers.
@Suite(.serialized) struct ReferenceTests {
  private func lines(
    _ name: String, _ run: ParityRun, shares: [Int]? = nil
  ) throws -> [ParityLine] {
    let file = try ParityFile(Repository.fixture("golden/\(name).safetensors"))
    guard let shares else { return try ParityCheck.lines(file, run) }
    return try ParityCheck.lines(file, run, simulatedRanks: shares.count, shares: shares)
  }

  private func expectGood(_ lines: [ParityLine], atLeast count: Int) {
    #expect(lines.count >= count)
    for line in lines { #expect(line.ok, "\(line.text)") }
  }

  private static let double = ParityRun(engine: .reference, precision: .float64)

  @Test(arguments: [
    "net_input", "net_deeplabv3_resnet18", "net_psp_resnet18", "net_deeplab_mobile",
    "net_psp_mobile", "net_deeplabv3_resnet101",
  ])
  func single(_ name: String) throws {
    expectGood(try lines(name, ParityRun()), atLeast: name == "net_input" ? 1 : 4)
  }

  @Test(arguments: ["net_deeplabv3_resnet18", "net_psp_mobile"])
  func double(_ name: String) throws {
    expectGood(try lines(name, Self.double), atLeast: 7)
  }

  @Test(arguments: [[1, 1], [2, 0], [0, 1, 1]])
  func imagesOnSeveralRanks(_ shares: [Int]) throws {
    expectGood(try lines("net_psp_mobile", Self.double, shares: shares), atLeast: 7)
    expectGood(try lines("net_psp_mobile", ParityRun(), shares: shares), atLeast: 7)
  }

  @Test(arguments: [[4], [2, 2], [1, 1, 1, 1], [3, 1], [0, 3, 1]])
  func batchNorm(_ shares: [Int]) throws {
    expectGood(try lines("syncbn", Self.double, shares: shares), atLeast: 12)
    expectGood(try lines("syncbn", ParityRun(), shares: shares), atLeast: 12)
  }
}
