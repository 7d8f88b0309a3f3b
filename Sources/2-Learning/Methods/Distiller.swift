import Networks
import Torch

/// A distillation method: what it adds to the loss of a step.
///
/// A step asks every active method twice. First for what it must know of the whole global batch:
/// all methods' requests travel in one sum and one gather over ranks. Then for its terms, autograd
/// expressions on the live outputs of the student. Trained tensors and other state are registered
/// in the scope that the initialiser gets, and are then summed, checkpointed and shared by the
/// trainer, which knows no method by name.
///
/// Neither ranks nor threads change a bit of what a method says: it works image by image, takes
/// sums and products from `fixedSum`, `imageSums`, `imageProducts` and their kin, not from LibTorch,
/// and adds over images by requests, `MethodStep.summed` and terms alone.
///
/// A method is added by a file with such a class and a line in `MethodTable.all`.
package protocol Distiller: AnyObject {
  /// Name, source, default weight and options.
  static var card: MethodCard { get }

  /// A method with its options; new tensors go into `scope`.
  ///
  /// - Throws: `MethodError` if the networks or the data cannot give what it needs.
  init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError)

  /// What each step must bring; by default the card's.
  var needs: MethodNeeds { get }

  /// Whether the teacher's BatchNorm layers take the statistics of this iteration's batch, and move
  /// their running ones; by default never.
  func adaptsTeacher(_ iteration: Int) -> Bool

  /// Whether the run learns from methods alone, without the task loss and its KD term; by default not.
  var replacesTask: Bool { get }

  /// Asks for global values of a step; by default for none. Not collective.
  func request(_ requests: MethodRequests, _ step: MethodStep)

  /// The terms of a step, with gradients of this rank's part alone. On all ranks, in one order.
  func terms(_ step: MethodStep, _ reduced: Reduced) -> [Term]
}

extension Distiller {
  /// Default: the needs of the card. A method whose options change its needs overrides this (`cwd`).
  package var needs: MethodNeeds { Self.card.needs }
  /// Default: `false`. A method that returns `true` has `.adaptation` among its needs: a compiled
  /// teacher cannot adapt.
  package func adaptsTeacher(_ iteration: Int) -> Bool { false }
  /// Default: `false`. Where a method returns `true`, cross entropy and KD term add neither loss nor
  /// gradient.
  package var replacesTask: Bool { false }
  /// Default: asks for nothing. A method asks here for each global value that its terms read.
  package func request(_ requests: MethodRequests, _ step: MethodStep) {}
}

/// What a method needs beyond the student's logits.
package struct MethodNeeds: OptionSet, Sendable {
  /// The bits.
  package let rawValue: Int
  /// A set from its bits.
  package init(rawValue: Int) { self.rawValue = rawValue }
  /// The teacher's logits, `[n, C, h, w]`.
  package static let teacher = MethodNeeds(rawValue: 1)
  /// The features before the main classifier, of student and teacher, `[n, F, h, w]`.
  package static let features = MethodNeeds(rawValue: 2)
  /// The logits of both auxiliary heads.
  package static let auxiliary = MethodNeeds(rawValue: 4)
  /// Labels on the grid of the logits, and the number of those that count.
  package static let labels = MethodNeeds(rawValue: 8)
  /// Passes over other images than the batch's, which are mixed from several: at least two images.
  package static let views = MethodNeeds(rawValue: 16)
  /// A teacher in eager mode, whose BatchNorm statistics may follow the batch and are then part of the
  /// state.
  package static let adaptation = MethodNeeds(rawValue: 32)
  /// Networks that can be differentiated twice with respect to images.
  package static let inputGradients = MethodNeeds(rawValue: 64)
  /// The features of the student's last three backbone stages, `[n, F, h, w]` each.
  package static let stages = MethodNeeds(rawValue: 128)
  /// The features of the teacher's last three backbone stages, `[n, F, h, w]` each.
  package static let taughtStages = MethodNeeds(rawValue: 256)

  /// The needs as words.
  package var words: String {
    let all: [(MethodNeeds, String)] = [
      (.teacher, "teacher"), (.features, "features"), (.auxiliary, "auxiliary heads"),
      (.labels, "labels"), (.views, "a second pass"),
      (.adaptation, "the teacher's BatchNorm layers"),
      (.inputGradients, "second derivatives"), (.stages, "the student's stages"),
      (.taughtStages, "the teacher's stages"),
    ]
    return all.filter { contains($0.0) }.map(\.1).joined(separator: ", ")
  }
}

/// A method's row in tables and documents.
package struct MethodCard: Sendable {
  /// The name in recipes.
  package let name: String
  /// What it aligns, in a few words.
  package let title: String
  /// The paper.
  package let source: String
  /// The factor of all its terms if the recipe gives none.
  package let weight: Double
  /// What each step must bring.
  package let needs: MethodNeeds
  /// Its options besides `weight`.
  package let options: [MethodOption]
  /// The names of methods that cannot stand beside it.
  package let excludes: [String]

  /// A row of the table.
  package init(
    name: String, title: String, source: String, weight: Double, needs: MethodNeeds,
    options: [MethodOption] = [], excludes: [String] = []
  ) {
    self.name = name
    self.title = title
    self.source = source
    self.weight = weight
    self.needs = needs
    self.options = options
    self.excludes = excludes
  }
}

/// A part of a method's loss.
package struct Term {
  /// How the global value of a term follows from the values of the ranks.
  package enum Kind: Sendable {
    /// A part of the value for each of this rank's images, `[n]`.
    case share
    /// The whole value, a scalar that all ranks compute alike from what they gathered or summed,
    /// with the gradient of this rank's images.
    case replicated
  }

  /// Its name within the method; empty if the method has one term.
  package let name: String
  /// Without factors, float64 or the step's type: see `kind`.
  package let value: Tensor
  /// Its factor within the method; a term of factor 0 is reported only.
  package let weight: Double
  /// How it is summed for reports.
  package let kind: Kind

  /// A method's only term.
  package init(_ value: Tensor, kind: Kind = .share) { self.init("", value, kind: kind) }

  /// One of several terms.
  package init(_ name: String, _ value: Tensor, weight: Double = 1, kind: Kind = .share) {
    self.name = name
    self.value = value
    self.weight = weight
    self.kind = kind
  }
}

/// The networks and the run that a method is made for.
package struct MethodSetting {
  /// What a method knows of a network.
  package struct Shape: Sendable {
    /// The channels of the features that the main classifier reads.
    package let featureWidth: Int
    /// Whether there is an auxiliary head.
    package let hasAuxiliary: Bool
    /// What methods may need and this network cannot give.
    package let lacks: MethodNeeds

    /// A shape.
    package init(featureWidth: Int, hasAuxiliary: Bool, lacks: MethodNeeds = []) {
      self.featureWidth = featureWidth
      self.hasAuxiliary = hasAuxiliary
      self.lacks = lacks
    }
  }

  /// The number of classes.
  package var classCount: Int
  /// The student.
  package var student: Shape
  /// The teacher; nil where the recipe has none.
  package var teacher: Shape?
  /// The images of all ranks in a step.
  package var batchSize: Int
  /// The iterations of the run.
  package var iterations: Int
  /// The run's seed.
  package var seed: UInt64
  /// The type of new tensors: float32, or float64 in tests.
  package var type: ElementType
  /// The device of new tensors.
  package var device: Device

  /// A frozen copy of the teacher whose tensors were changed first; nil where there is no teacher.
  package var changedTeacher: ((_ change: (StateDict) -> Void) -> (Tensor) -> SegmentationOutput)?

  /// A frozen network of the zoo by name and file, with features and stages; nil where none is read.
  package var frozenNetwork:
    ((_ network: String, _ path: String) throws -> (Tensor) -> SegmentationOutput)?

  /// The teacher's running statistics, for a method that moves them.
  package var teacherBuffers: [StateDict.Entry] = []

  /// A setting.
  package init(
    classCount: Int, student: Shape, teacher: Shape?, batchSize: Int, iterations: Int,
    seed: UInt64, type: ElementType = .float32, device: Device = .cpu
  ) {
    self.classCount = classCount
    self.student = student
    self.teacher = teacher
    self.batchSize = batchSize
    self.iterations = iterations
    self.seed = seed
    self.type = type
    self.device = device
  }

  /// The feature widths of student and teacher; the teacher's is the student's where there is none.
  package var featureWidths: (student: Int, teacher: Int) {
    (student.featureWidth, teacher?.featureWidth ?? student.featureWidth)
  }
}

/// A method that a recipe cannot have; one line.
package struct MethodError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What, where, found, expected, what to do.
  package let description: String

  /// An error about a method, or one of its options, at a place of the recipe.
  package init(
    _ what: String = "method", place: String, found: String, expected: String, remedy: String
  ) {
    description = "\(what): \(place): found \(found); expected \(expected); \(remedy)"
  }

  /// An error that another module put into words.
  init(_ error: any Error) { description = "\(error)" }
}
