import Testing
import Torch

/// What the processor has. `EndToEndTests` limit it, which a process can do once.
@Suite struct InstructionTests {
  @Test func oneDNNFindsTheSame() {
    #expect(InstructionSet.ofHost != nil)
    #expect(InstructionSet.used == InstructionSet.ofHost)
  }

  @Test func largerSetsHoldSmallerOnes() {
    #expect(InstructionSet.allCases == InstructionSet.allCases.sorted())
  }
}
