import DataParallel
import Foundation
import MPI
import Recipes
import Torch

/// The vector instructions that all ranks use, and why.
///
/// Other instructions round otherwise, so that what a run computes would depend on which images fall
/// to which processor.
package struct InstructionAgreement: Sendable, CustomStringConvertible {
  /// What every rank uses.
  package let set: InstructionSet
  private let wish: InstructionSet?
  private let offers: [InstructionSet]

  /// The environment variable that says what a host may use, if that is less than it has.
  package static let variable = "RDD_INSTRUCTIONS"

  /// Asks all ranks, and keeps this one to what they agree on. Collective, once in a process, before
  /// the first operator.
  ///
  /// - Parameters:
  ///   - wish: what the recipe says; nil: the most that all ranks have.
  ///   - communicator: the ranks.
  /// - Throws: `TrainingError` (exit code 69), the same on all ranks, if one has less than is wished.
  static func reach(
    _ wish: InstructionSet?, _ communicator: Communicator
  ) throws -> InstructionAgreement {
    let own = Offer.own(ProcessInfo.processInfo.environment[variable])
    let offers = try communicator.allgatherv(Array("\(own.text)\n\(own.host)".utf8))
    let agreement = try InstructionAgreement(wish, offers.map { Offer(bytes: $0) })
    guard agreement.set.limit() else {
      let used = InstructionSet.used?.rawValue ?? "less than avx2"
      throw TrainingError(
        .badWorld,
        "instructions: oneDNN: found it using \(used); expected \(agreement.set.rawValue), which the "
          + "processor has; set \(variable)=\(used) on this host")
    }
    return agreement
  }

  /// As `reach`, from what the ranks offer.
  package init(
    _ wish: InstructionSet?, _ offers: [Offer]
  ) throws(TrainingError) {
    let words = InstructionSet.allCases.map(\.rawValue).joined(separator: ", ")
    if let index = offers.firstIndex(where: { $0.set == nil }) {
      let offer = offers[index]
      throw TrainingError(
        .badWorld,
        "instructions: rank \(index) (host \(offer.host)): found '\(offer.text)'; expected one of "
          + "\(words); set \(Self.variable) to one of them or not at all, on a processor with AVX2")
    }
    let sets = offers.compactMap(\.set)
    let least = sets.min() ?? .avx2
    self.offers = sets
    self.wish = wish
    set = self.wish ?? least
    guard least < set else { return }
    let lacking = offers.indices.filter { sets[$0] < set }
      .map { "rank \($0) (host \(offers[$0].host)) with \(sets[$0].rawValue)" }
    throw TrainingError(
      .badWorld,
      "train.instructions: found \(Self.listed(lacking)); expected processors with \(set.rawValue) on "
        + "all ranks; set train.instructions to \(least.rawValue) or auto, or leave those hosts out"
    )
  }

  /// What is used and why, as `avx2 (the least of 2 ranks; rank 1 has avx512_bf16)`.
  package var description: String {
    let word = set.rawValue
    if wish != nil { return "\(word) (train.instructions)" }
    guard isLowered else { return word }
    let others = InstructionSet.allCases.filter { $0 > set && offers.contains($0) }.map { other in
      let ranks = offers.indices.filter { offers[$0] == other }.map(String.init)
      return ranks.count == 1
        ? "rank \(ranks[0]) has \(other.rawValue)"
        : "ranks \(Self.listed(ranks)) have \(other.rawValue)"
    }
    return "\(word) (the least of \(offers.count) ranks; \(others.joined(separator: "; ")))"
  }

  /// Whether some rank could use more than all do, and the recipe did not say so.
  package var isLowered: Bool { wish == nil && offers.contains { $0 > set } }

  private static func listed(_ items: [String]) -> String {
    items.prefix(8).joined(separator: ", ") + (items.count > 8 ? ", ..." : "")
  }
}

extension InstructionAgreement {
  /// What one rank may use.
  package struct Offer: Sendable {
    /// The set's word, or what the environment says in place of one.
    package let text: String
    /// The rank's host.
    package let host: String

    /// The set; nil if there is none of that name.
    var set: InstructionSet? { InstructionSet(rawValue: text) }

    /// An offer of a set by its word.
    package init(_ text: String, host: String) {
      self.text = text
      self.host = host
    }

    /// This process's: what the processor has, or less if the variable says so.
    static func own(_ variable: String?) -> Offer {
      let host = HostName.current
      guard let most = InstructionSet.ofHost else { return Offer("no AVX2", host: host) }
      guard let variable, !variable.isEmpty else { return Offer(most.rawValue, host: host) }
      guard let wish = InstructionSet(rawValue: variable) else {
        return Offer(String(variable.prefix(40).filter { !$0.isNewline }), host: host)
      }
      return Offer(min(wish, most).rawValue, host: host)
    }

    /// An offer as it is sent: text and host, a line each.
    init(bytes: [UInt8]) {
      let parts = String(decoding: bytes, as: UTF8.self)
        .split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      self.init(parts[0], host: parts.count > 1 ? parts[1] : "")
    }
  }
}

extension Recipe {
  /// Whether it names the instructions of a checkpoint, in which nothing changes.
  package func keeps(_ instructions: String?) -> Bool {
    instructions != nil && train.instructions?.rawValue == instructions
  }

  /// Stops the job if the ranks' instructions cannot compute in the recipe's number format.
  package func requireFormat(on agreement: InstructionAgreement) throws(TrainingError) {
    guard train.precision == .bfloat16, train.device == .cpu, agreement.set < .avx512 else {
      return
    }
    throw TrainingError(
      .badWorld,
      "train.precision: found bfloat16 with instructions \(agreement); expected avx512 or more: "
        + "oneDNN has no bfloat16 below; set train.precision=float32, or leave those hosts out")
  }
}
