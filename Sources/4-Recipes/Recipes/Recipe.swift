/// Everything that a run is made of: data, networks, optimisation, distillation, evaluation.
///
/// A recipe is read with `load(_:overrides:)`; see `referenceTable()` for its keys. A key of a recipe
/// is the property's name in snake case within its sections, but for `data.num_classes` (`classCount`),
/// `data.classes` (`ownClasses`), `distill.warmup_iterations` (`warmup`) and `evaluation.mean_iou`
/// (`meanIoU`).
package struct Recipe: Sendable, Equatable {
  /// Options set together.
  package var preset = Preset.none
  /// What is learned from.
  package var data = Data()
  /// The network that is trained.
  package var student = Student()
  /// The frozen network that it learns from.
  package var teacher = Teacher()
  /// The loop and the optimiser.
  package var train = Train()
  /// The losses.
  package var distill = Distill()
  /// How the student is measured.
  package var evaluation = Evaluation()
  /// The keys whose values follow from others, of those whose defaults were others once.
  var derived = DerivedKeys()

  /// The default of every key.
  package init() {}
}
