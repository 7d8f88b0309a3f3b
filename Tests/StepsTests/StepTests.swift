import Parity
import TestSupport
import Testing

/// Three optimiser steps of student and teacher against the authors' numbers, on 1, 2 and 4 ranks.
@Suite(.serialized) struct StepTests {
  @Test(arguments: [1, 2, 4])
  func double(_ ranks: Int) throws {
    let file = try ParityFile(Repository.fixture("golden/step.safetensors"))
    let run = ParityRun(engine: .reference, precision: .float64)
    let lines = try ParityCheck.lines(file, run, simulatedRanks: ranks)
    #expect(lines.count == 29)
    for line in lines { #expect(line.ok, "\(line.text)") }
    let counts = try #require(lines.first { $0.name == "out.xor_count_main_aux" })
    #expect(counts.absolute == 0)
  }

  @Test func single() throws {
    let file = try ParityFile(Repository.fixture("golden/step.safetensors"))
    for line in try ParityCheck.lines(file, ParityRun()) { #expect(line.ok, "\(line.text)") }
  }
}
