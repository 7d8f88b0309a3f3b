import Difficulty
import Recipes
import Steps
import Testing

/// Which loss counts when, and with which options.
@Suite struct ObjectiveTests {
  private func recipe(_ change: (inout Recipe) -> Void) -> Recipe {
    var recipe = Recipe()
    recipe.train.iterations = 100
    recipe.distill.warmupIterations = 40
    recipe.distill.ohem.minimumKept = 1200
    recipe.train.batchSize = 6
    recipe.distill.classWeights = .none
    change(&recipe)
    return recipe
  }

  private func stages(_ recipe: Recipe) -> [Stage] {
    [1, 39, 40, 41, 100].map { Objective(recipe).stage($0) }
  }

  @Test func switches() {
    #expect(stages(recipe { _ in }) == [.tfe, .tfe, .tse, .tse, .tse])
    #expect(
      stages(recipe { $0.distill.warmupInclusive = true }) == [.tfe, .tfe, .tfe, .tse, .tse])
    #expect(
      stages(recipe { $0.distill.switch = .blend }) == [.tfe, .tfe, .blend, .blend, .blend])
    #expect(stages(recipe { $0.distill.method = .kd }).allSatisfy { $0 == .kd })
    #expect(stages(recipe { $0.distill.method = .none }).allSatisfy { $0 == .labels })
    for count in [0, 1] {
      #expect(stages(recipe { $0.distill.warmupIterations = count }).allSatisfy { $0 == .tse })
    }
  }

  @Test func blendGoesFromOneToZero() {
    let objective = Objective(recipe { $0.distill.switch = .blend })
    for (iteration, share) in [(40, 1.0), (70, 0.5), (85, 0.25), (100, 0)] {
      #expect(objective.options(iteration, imageCount: 6).task == .blend(share: share))
    }
  }

  @Test func optionsFollowTheKeys() {
    var expected = DifficultyOptions()
    expected.minimumKept = 1200
    #expect(Objective(recipe { _ in }).options(50, imageCount: 6) == expected)
    let paper = Objective(
      recipe {
        $0.distill.difficulty.divergence = .mainToAuxiliary
        $0.distill.difficulty.weighting = .mean
        $0.distill.difficulty.confidence = .maximum
        $0.distill.difficulty.reduction = .allPixels
        $0.distill.difficulty.threshold = 0.65
        $0.distill.difficulty.mask = .and
        $0.distill.classWeights = .list([1, 2])
        $0.distill.difficulty.auxiliaryWeight = 0.3
        $0.distill.difficulty.distillationWeight = 2
        $0.distill.difficulty.distillationTemperature = 4
        $0.distill.difficulty.statistics = .local
      }
    ).options(50, imageCount: 2)
    expected.divergence = .mainToAuxiliary
    expected.weighting = .mean
    expected.confidence = .maximum
    expected.reduction = .allPixels
    expected.threshold = 0.65
    expected.mask = .and
    expected.classWeights = [1, 2]
    expected.auxiliaryWeight = 0.3
    expected.distillationWeight = 2
    expected.distillationTemperature = 4
    expected.statistics = .local
    // A third of the batch: a third of the pixels.
    expected.minimumKept = 400
    #expect(paper == expected)
  }

  @Test func minimumKeptByItsUnit() {
    func kept(_ unit: Recipe.KeptUnit, _ images: Int) -> Int {
      Objective(recipe { $0.distill.ohem.minimumKeptUnit = unit }).options(50, imageCount: images)
        .minimumKept
    }
    #expect(kept(.batch, 6) == 1200 && kept(.batch, 3) == 600)
    #expect(kept(.image, 6) == 7200 && kept(.rank, 3) == 1200)
  }
}
