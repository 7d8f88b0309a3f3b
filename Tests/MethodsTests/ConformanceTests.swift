import Methods
import Reduction
import TestSupport
import Testing

/// What every method must do; a new one is tested by standing in the table.
@Suite struct ConformanceTests {
  static let names = MethodTable.names

  /// Options that make a method's own networks small.
  static let small = ["structured": ("width", "2")]

  /// All parts of a method at once: its options' factors of 0 become 1.
  static func all(_ name: String) -> ChosenMethod {
    let card = MethodTable.cards.first { $0.name == name }
    let factors = (card?.options ?? []).filter { $0.initial == "0.0" }
    let small = small[name].map { [$0] } ?? []
    return ChosenMethod(name, [("weight", "1")] + factors.map { ($0.name, "1") } + small)
  }

  /// 2 and 3 ranks, one of whose images is ignored as a whole, as one rank.
  @Test(arguments: names)
  func ranksChangeNothing(_ name: String) {
    let toy = Toy(methods: [Self.all(name)], difficulty: .late, scope: .both, steps: 20)
    let one = toy.run(ranks: 1)[0]
    #expect(one.losses.allSatisfy { $0.isFinite } && one.losses.contains { $0 != 0 })
    for ranks in [2, 3, 4] {
      let several = toy.run(ranks: ranks)
      #expect(several.allSatisfy { $0.losses == several[0].losses })
      #expect(isClose(several[0].losses, one.losses, 1e-6), "\(ranks) ranks")
      let (found, expected) = (several[0].state.flatMap { $0 }, one.state.flatMap { $0 })
      #expect(isClose(found, expected, 1e-5), "\(ranks) ranks")
    }
  }

  /// Where a method's target follows the student without gradient, its loss is no potential: there
  /// the options under which it is one. The closed forms have the other gradients.
  static let potentials = ["spec": ("target", "divergence")]

  /// What a weight is moved by. Sums are whole numbers of units, at most 2^-43 of the largest
  /// addend: a loss that is a difference of sums needs a step that changes more than that.
  static let steps = ["dist": 3e-4]

  /// The gradient of a student's weight against central differences of the loss.
  @Test(arguments: names)
  func gradientIsTheSlope(_ name: String) {
    var chosen = Self.all(name)
    if let option = Self.potentials[name] {
      chosen = ChosenMethod(name, chosen.options + [(option.0, option.1)])
    }
    let toy = Toy(methods: [chosen], steps: 1, rate: 0, hasTask: false)
    let h = Self.steps[name] ?? 1e-5
    let slope = toy.run(SingleProcess()).slope
    let up = toy.run(SingleProcess(), shift: h).losses[0]
    let down = toy.run(SingleProcess(), shift: -h).losses[0]
    let expected = (up - down) / (2 * h)
    #expect(abs(slope) > 1e-9, "\(slope)")
    #expect(abs(slope - expected) <= 1e-6 * abs(expected) + 1e-10, "\(slope), \(expected)")
  }

  /// All state is in the tensors that checkpoints hold.
  @Test(arguments: names)
  func resumedRunsAreEqual(_ name: String) {
    var toy = Toy(methods: [Self.all(name)], steps: 12)
    let whole = toy.run(SingleProcess())
    toy.steps = 6
    let half = toy.run(SingleProcess())
    let rest = toy.run(SingleProcess(), from: half.state, done: 6)
    #expect(half.losses + rest.losses == whole.losses)
    #expect(rest.state == whole.state)
  }

  /// With every stage and scope of RDD; where RDD weighs the task alone, a method does not see it.
  @Test(arguments: names)
  func composes(_ name: String) {
    var alone: [String: Double]?
    for difficulty in Toy.Difficulty.allCases {
      for scope in Toy.Scope.allCases {
        let toy = Toy(methods: [Self.all(name)], difficulty: difficulty, scope: scope, steps: 2)
        let outcome = toy.run(SingleProcess())
        #expect(outcome.losses.allSatisfy { $0.isFinite }, "\(difficulty) \(scope)")
        #expect(outcome.state.joined().allSatisfy { $0.isFinite }, "\(difficulty) \(scope)")
        #expect(outcome.teacherIsUnchanged)
        guard scope == .task else { continue }
        if let alone { #expect(outcome.first == alone) } else { alone = outcome.first }
      }
    }
  }

  /// A method of weight 0 leaves no trace.
  @Test(arguments: names)
  func weightZeroIsNoMethod(_ name: String) {
    let none = Toy(methods: [], difficulty: .early).run(SingleProcess())
    let zero = Toy(methods: [ChosenMethod(name, [("weight", "0")])], difficulty: .early)
      .run(SingleProcess())
    #expect(zero == none)
  }
}

/// Several methods at once.
@Suite struct CompositionTests {
  @Test func allTogether() {
    // A teacher that adapts says something else to all of them.
    let names = MethodTable.cards.filter { !$0.needs.contains(.adaptation) }.map { $0.name }
    let toy = Toy(
      methods: names.map { ConformanceTests.all($0) }, difficulty: .late, steps: 3, rate: 1e-4)
    let one = toy.run(ranks: 1)[0]
    let three = toy.run(ranks: 3)[0]
    #expect(isClose(three.losses, one.losses, 1e-6))
    // Each says what it says alone.
    for name in names {
      let alone = Toy(methods: [ConformanceTests.all(name)], steps: 1).run(SingleProcess())
      for (term, value) in alone.first { #expect(one.first[term] == value, "\(term)") }
    }
  }
}
