import Foundation
import TestSupport
import Testing

extension CommandTests {
  @Suite struct StepMemoryTests {
    private struct Found: Decodable {
      struct Pages: Decodable { let median: Double }
      let freshPages: Pages

      private enum CodingKeys: String, CodingKey { case freshPages = "fresh_pages" }
    }

    /// What a step has freed, the next one finds again: else the heap of a run grows to several times of
    /// what is used. These were 144 to 5,760 pages.
    @Test func aStepAsksForNoNewMemory() throws {
      let recipe = Repository.path("launch/recipes/quickstart-labels.yaml")
      let result = try Command.run([
        "bench", "step", recipe, "--set", "train.batch_size=4", "--set", "train.threads=1",
        "--steps", "12", "--json",
      ])
      result.expectSuccess()
      let found = try JSONDecoder().decode(Found.self, from: Data(result.standardOutput.utf8))
      #expect(found.freshPages.median == 0)
    }
  }
}
