import Files
import Foundation
import Runs
import TestSupport
import Testing

/// Which outputs would replace a file of a run.
@Suite struct OutputPlaceTests {
  @Test func filesOfARunAreNotReplaced() throws {
    try withTemporaryFolder { place in
      let run = place.path + "/run"
      func isRefused(_ name: String, run: String? = nil) -> Bool {
        RunFiles.refusal(ofTarget: "\(place.path)/\(name)", option: "--out", run: run) != nil
      }
      let own = [
        "run/metrics.jsonl", "run/recipe.yaml", "run/best.safetensors", "run/checkpoints",
        "run/checkpoints/iteration_0000008.safetensors",
      ]
      for name in own {
        #expect(!isRefused(name), "no run yet: \(name)")
        #expect(isRefused(name, run: run), "a run that begins there: \(name)")
      }
      try FileStore().makeFolder(run + "/checkpoints")
      symlink(run, place.path + "/link")
      for name in own + ["link/metrics.jsonl"] { #expect(isRefused(name), "\(name)") }
      for name in [
        "run/report.html", "run/best.pth", "run/trace.json", "metrics.jsonl", "best.safetensors",
        "checkpoints/a.safetensors",
      ] {
        #expect(!isRefused(name), "\(name)")
      }
    }
  }
}
