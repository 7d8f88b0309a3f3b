import Recipes
import Steps
import Testing
import Torch

/// What ranks agree on, from what each may use.
@Suite struct InstructionAgreementTests {
  private func agreement(
    _ wish: InstructionSet?, _ offers: String...
  ) throws -> InstructionAgreement {
    try InstructionAgreement(
      wish, offers.enumerated().map { .init($1, host: "host\($0)") })
  }

  @Test func theLeastOfAllRanks() throws {
    let alike = try agreement(nil, "avx512_bf16", "avx512_bf16")
    #expect("\(alike)" == "avx512_bf16" && !alike.isLowered)
    let two = try agreement(nil, "avx2", "avx512_bf16")
    #expect("\(two)" == "avx2 (the least of 2 ranks; rank 1 has avx512_bf16)" && two.isLowered)
    let four = try agreement(nil, "avx512_amx", "avx512", "avx2", "avx512")
    #expect(
      "\(four)" == "avx2 (the least of 4 ranks; ranks 1, 3 have avx512; rank 0 has avx512_amx)")
  }

  @Test func theRecipesWord() throws {
    let wished = try agreement(.avx2, "avx512_amx", "avx512")
    #expect("\(wished)" == "avx2 (train.instructions)" && !wished.isLowered)
  }

  @Test func whatARankHasNot() {
    let error = #expect(throws: TrainingError.self) {
      try agreement(.avx512BFloat16, "avx512_amx", "avx512", "avx2")
    }
    #expect(error?.code == .badWorld)
    #expect(
      error?.description
        == "train.instructions: found rank 1 (host host1) with avx512, rank 2 (host host2) with avx2; "
        + "expected processors with avx512_bf16 on all ranks; set train.instructions to avx2 or auto, "
        + "or leave those hosts out")
  }

  @Test func wordsThatAreNone() {
    let error = #expect(throws: TrainingError.self) { try agreement(nil, "avx2", "AVX2") }
    #expect(error?.code == .badWorld)
    #expect(
      error?.description.hasPrefix("instructions: rank 1 (host host1): found 'AVX2'; ") == true)
  }

  @Test func bfloat16NeedsWideOnes() throws {
    let recipe = try Recipe.decode(
      yaml: "distill: none\ntrain: {precision: bfloat16}", file: "recipe.yaml")
    try recipe.requireFormat(on: agreement(nil, "avx512"))
    let error = #expect(throws: TrainingError.self) {
      try recipe.requireFormat(on: agreement(nil, "avx512", "avx2"))
    }
    #expect(error?.code == .badWorld)
    #expect(error?.description.contains("found bfloat16 with instructions avx2 (the least") == true)
  }
}
