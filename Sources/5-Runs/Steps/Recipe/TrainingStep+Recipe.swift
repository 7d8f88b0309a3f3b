import DataParallel
import Difficulty
import Methods
import Networks
import Recipes

extension TrainingStep {
  /// The step of a run on MPI's ranks. Collective.
  ///
  /// - Parameters:
  ///   - recipe: the run's.
  ///   - student: what is trained.
  ///   - teacher: what it learns from, if anything.
  ///   - methods: those of the recipe.
  ///   - parameters: of student and methods.
  ///   - coordinator: the ranks.
  /// - Throws: `MPIError`, or `TrainingError` for a group of parameters that has none.
  package convenience init(
    _ recipe: Recipe, student: SegmentationNetwork, teacher: Teacher?, methods: MethodSuite?,
    parameters: FlatParameters, coordinator: Coordinator
  ) throws {
    try recipe.checkGroups(parameters.places.map(\.name))
    let exchange = try GradientBuckets(
      gradients: parameters.gradientBuffers(), bucketBytes: recipe.train.bucketMebibytes << 20,
      communicator: coordinator.world.communicator, wire: recipe.train.wire)
    self.init(
      StepPlan(recipe),
      Parts(
        student: student, teacher: teacher, methods: methods, parameters: parameters,
        exchange: exchange,
        loss: TaskLoss(engine: recipe.lossEngine, threadCount: coordinator.threadCount),
        update: recipe.update(of: parameters), reducer: coordinator.reducer))
  }
}

extension Recipe {
  /// The loss engine: float64 runs are computed operator by operator.
  package var lossEngine: TaskLoss.Engine {
    distill.engine == .reference || train.precision == .float64 ? .reference : .fused
  }
}
