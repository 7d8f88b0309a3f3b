/// Everything that a run is made of: data, networks, optimisation, distillation, evaluation.
///
/// A recipe is read with `load(_:overrides:)`; see `referenceTable()` for its keys. A key of a recipe
/// is the property's name in snake case within its sections, but for `data.num_classes` (`classCount`),
/// `data.classes` (`ownClasses`), `distill.warmup_iterations` (`warmup`) and `evaluation.mean_iou`
/// (`meanIoU`).
public struct Recipe: Sendable, Equatable {
  /// Options set together.
  public var preset = Preset.none
  /// What is learned from.
  public var data = Data()
  /// The network that is trained.
  public var student = Student()
  /// The frozen network that it learns from.
  public var teacher = Teacher()
  /// The loop and the optimiser.
  public var train = Train()
  /// The losses.
  public var distill = Distill()
  /// How the student is measured.
  public var evaluation = Evaluation()
  /// The keys whose values follow from others, of those whose defaults were others once.
  var derived = DerivedKeys()

  /// The default of every key.
  public init() {}
}
