import DataParallel
import Files
import Foundation
import Logging
import Methods
import Networks
import Recipes
import Steps
import Torch
import WeightFiles

/// What rank 0 keeps on disk during a run.
final class RunStorage {
  /// The hashes of listed files that an earlier start made, as text; empty if there are none.
  let earlierHashes: [UInt8]
  private let folder: RunFolder
  private let store: CheckpointStore
  private let found: RunStart.Found
  private let start: RunStart
  private let recipe: Recipe
  private let logger: Logger
  private var identity: RunIdentity?
  private var accepted: [String] = []
  private var best: BestWeights
  private var metrics: MetricsLog?
  private var history: RunHistory?
  /// Nil if the recipe wants none, or none can be written.
  private(set) var events: RunEvents?

  /// Opens a run's folder and looks for what a start can go on from. Nothing is written yet, but what
  /// `--fresh` puts aside.
  ///
  /// - Throws: an error if the folder is in use, or holds a run of which no checkpoint is left that is
  ///   whole: a run never starts over silently.
  init(_ path: String, _ recipe: Recipe, _ start: RunStart, _ logger: Logger) throws {
    let isNew = start.beginsAnew(RunFiles(folder: path))
    if isNew {
      try RunFiles(folder: path).requireNoInput(of: recipe)
      try RunFiles(folder: path).requireRunOrNothing()
    }
    folder = try RunFolder(path)
    self.recipe = recipe
    self.start = start
    self.logger = logger
    if let notice = folder.notice { logger.warning("\(notice)") }
    if let aside = try folder.putAside(for: start) {
      let reason = start.isFresh ? "" : ", as an earlier start with --fresh had begun to put it"
      logger.info("what \(path) held is in \(aside) now\(reason)")
    }
    store = CheckpointStore(
      folder: folder.files.checkpoints, keep: recipe.train.keepCheckpoints, files: folder.store)
    _ = try store.prepare()
    best = BestWeights(folder.files.best, files: folder.store)
    found = try RunStart.found(folder.files, store) { logger.warning("\($0)") }
    earlierHashes = try WholeFile.bytes(folder.files.dataHashes) ?? []
  }

  /// Stops unless the run is the one that the folder holds. Nothing is written before.
  ///
  /// - Parameters:
  ///   - identity: the run's.
  ///   - data: the hashes of its lists.
  /// - Throws: `TrainingError` that names what differs and the option that accepts it.
  func compare(_ identity: RunIdentity, _ data: [DataHashes]) throws {
    self.identity = identity
    switch found {
    case .nothing: break
    case .unsaved(let digest):
      guard digest == identity.digest || digest == nil else {
        throw RunStart.refusal(
          folder.path, "the history of another run, of which nothing was saved")
      }
      if let origin = try best.origin(), origin.identity != identity.digest {
        throw RunStart.refusal(folder.path, "best.safetensors of another run and no checkpoint")
      }
      best.keep()
      logger.warning("nothing of an earlier start was saved; it begins from the first iteration")
    case .finished(let archive, _):
      let finished = identity.goingOn(fromWeights: archive.metadata)
      self.identity = finished
      guard archive.metadata[Self.identityKey] == finished.digest else {
        throw RunStart.refusal(
          folder.path, "student.safetensors of another run and no checkpoint")
      }
    case .checkpoint(let checkpoint):
      try compare(identity, with: checkpoint, data)
    }
  }

  private func compare(
    _ identity: RunIdentity, with checkpoint: CheckpointStore.Checkpoint, _ data: [DataHashes]
  ) throws {
    try RunStart.require(recipe.train.iterations, for: checkpoint)
    let instructions = Checkpoint.instructions(of: checkpoint)
    guard let earlier = Checkpoint.identity(of: checkpoint) else {
      do {
        try folder.compareRecipe(recipe, instructions: instructions)
      } catch  where start.accepted.contains(.recipe) {
        let difference = "a recipe that is not that of recipe.yaml"
        goOn(as: identity, with: [difference], from: nil, after: checkpoint.iteration)
      }
      logger.warning(
        "\(checkpoint.path): saved by an earlier version, which did not note teacher and data; whether they are the same is not known"
      )
      return
    }
    let keepsInstructions = recipe.keeps(instructions)
    var differences = identity.differences(
      from: earlier, ignoring: keepsInstructions ? ["train.instructions"] : [])
    let hashes = DataHashes.read(earlierHashes)
    for (part, hash) in zip([RunIdentity.Part.data, .validation], data) {
      guard let place = differences.firstIndex(where: { $0.part == part }) else { continue }
      differences[place].detail = hash.firstChange(from: hashes) ?? "their order or number"
    }
    if !identity.isComparable(.data, with: earlier) {
      logger.warning(
        "data.identity: \(recipe.data.identity.rawValue) now, and not as at the start of the run: whether the images are the same is not known"
      )
    }
    let refused = differences.filter { !start.accepted.contains($0.part) }
    guard refused.isEmpty else {
      throw folder.refusal(
        refused.map(\.text).joined(separator: " and "), refused.map(\.part.rawValue))
    }
    var texts = differences.map(\.text)
    if texts.isEmpty, let stranger = try stranger(earlier) {
      guard start.accepted.contains(.recipe) else { throw folder.refusal(stranger, ["recipe"]) }
      texts = [stranger]
    }
    goOn(as: identity, with: texts, from: earlier, after: checkpoint.iteration)
  }

  /// What a checkpoint is in words that is made of the same, and yet of another run: one of the two was gone
  /// on with otherwise on its way. Nil if it is this folder's, or the history does not tell.
  private func stranger(_ earlier: RunIdentity) throws -> String? {
    let known = RunHistory.identities(try RunHistory.events(folder.files.history))
    guard let known, !known.contains(earlier.digest) else { return nil }
    return
      "a checkpoint of another run, which accepted other differences (history.jsonl does not "
      + "know its identity \(earlier.digest))"
  }

  /// Takes differences that the user has accepted; the history will tell them, and the identity from now on.
  private func goOn(
    as identity: RunIdentity, with differences: [String], from earlier: RunIdentity?,
    after iteration: Int
  ) {
    self.identity = identity.goingOn(
      from: earlier, acceptedAfter: differences.isEmpty ? nil : iteration)
    accepted = differences
    for text in differences { logger.warning("going on with \(text), as accepted") }
  }

  /// Restores what was found; nil if the run begins.
  func restored(into trained: Checkpoint.Trained) throws -> Checkpoint? {
    switch found {
    case .nothing, .unsaved: return nil
    case .finished(let archive, let path):
      logger.info("finished before; its checkpoints are gone, and \(path) is measured again")
      let network = trained.network
      try network.state.load(archive, from: path, network: network.architecture.rawValue)
      trained.average?.restart()
      var checkpoint = Checkpoint()
      checkpoint.iteration = recipe.train.iterations
      return checkpoint
    case .checkpoint(let stored):
      var checkpoint = try Checkpoint(stored, into: trained)
      if try isFinished() { checkpoint.owesValidation = false }
      logger.info("going on from \(stored.path) (iteration \(checkpoint.iteration))")
      if let earlier = checkpoint.instructions, let now = InstructionSet.used?.rawValue,
        earlier != now
      {
        let warning =
          "instructions: going on with \(now), which may round otherwise than \(earlier), the checkpoint's; "
          + "train.instructions=\(earlier) keeps those, on processors that have them"
        logger.warning("\(warning)")
      }
      try compareBest(with: checkpoint, stored)
      return checkpoint
    }
  }

  /// Whether the run has ended since its last checkpoint, and so has measured its last weights.
  private func isFinished() throws -> Bool {
    try RunHistory.events(folder.files.history).last { [.saved, .finished].contains($0.kind) }?.kind
      == .finished
  }

  private func compareBest(
    with checkpoint: Checkpoint, _ stored: CheckpointStore.Checkpoint
  ) throws {
    let earlier =
      try RunHistory.events(folder.files.history).compactMap(\.identity)
      + [Checkpoint.identity(of: stored)?.digest].compactMap { $0 }
    let warning = best.compare(
      with: checkpoint.best, after: checkpoint.iteration, identity: identity?.digest ?? "",
      others: Set(earlier))
    if let warning { logger.warning("\(warning)") }
  }

  /// Writes the first files, now that all that a run needs has been read.
  ///
  /// - Parameters:
  ///   - done: the iterations that are done.
  ///   - data: the hashes of the lists.
  ///   - launch: how the run was started.
  /// - Throws: `FileError`.
  func begin(after done: Int, _ data: [DataHashes], _ launch: Launch) throws {
    _ = try AtomicFile().removeLeftOvers(in: folder.path)
    do throws(FileError) {
      try Console.keepLog(
        in: folder.files.log, heading: launch.heading, files: folder.store, warn: say)
    } catch {
      logger.warning("the log is not kept: \(error)")
    }
    if done > 0, let earlier = folder.files.writtenRecipe,
      let warning = recipe.warningOfClasses(earlier: earlier)
    {
      logger.warning("\(warning)")
    }
    try folder.write(recipe)
    let hashes = DataHashes.text(of: data, now: DataHashes.now)
    if Array(hashes.utf8) != earlierHashes {
      try folder.whileHeld { () throws(FileError) in
        try AtomicFile(files: folder.store).write(hashes, to: folder.files.dataHashes)
      }
    }
    let earlier = RunHistory.ranksOfSaves(try RunHistory.events(folder.files.history))
    if done > 0, let warning = recipe.warning(ranks: launch.ranks, earlier: earlier) {
      logger.warning("\(warning)")
    }
    let history = try folder.whileHeld { () throws(FileError) in
      try RunHistory(folder.files.history, files: folder.store, warn: say)
    }
    warn(of: history.damagedLines, in: folder.files.history)
    if !accepted.isEmpty {
      history.append(
        .init(kind: .accepted, iteration: done, detail: accepted.joined(separator: " and ")))
    }
    history.append(.start(launch, after: done, identity: identity?.digest))
    history.sync()
    self.history = history
    try openMetrics(history, after: done)
    guard recipe.train.tensorboard, done < recipe.train.iterations else { return }
    events = RunEvents(folder: folder.files.tensorboard, after: done)
  }

  private func openMetrics(_ history: RunHistory, after done: Int) throws(FileError) {
    let path = folder.files.metrics
    let metrics = try folder.whileHeld { () throws(FileError) in
      try MetricsLog(path, after: done, files: folder.store, warn: say)
    }
    self.metrics = metrics
    warn(of: metrics.damagedLines, in: path)
    warn(of: metrics.repeatedLines, "repeated", in: path)
    let missing = history.missingLines(of: metrics, after: done)
    if metrics.isNew, done > 0 {
      logger.warning("\(path): found none; that of the first \(done) iterations is lost")
    } else if missing > 0 {
      logger.warning(
        "\(path): found \(metrics.count) lines of the first \(done) iterations; expected \(missing) more, as when they were saved"
      )
    }
  }

  /// Warns the user.
  private var say: (String) -> Void { { [logger] in logger.warning("\($0)") } }

  private func warn(of count: Int, _ what: String = "damaged", in path: String) {
    guard count > 0 else { return }
    logger.warning("\(path): \(count) \(what) line\(count == 1 ? "" : "s") left out")
  }

  /// Adds a line about training to the run's files.
  func append(_ line: TrainingLine) {
    var line = line
    line.time = Self.time
    metrics?.append(line)
    events?.add(line)
  }

  /// Adds a line about a validation to the run's files.
  func append(_ line: ValidationLine) {
    var line = line
    line.time = Self.time
    metrics?.append(line)
    events?.add(line)
  }

  /// The time of a line.
  private static var time: String { Date().formatted(.iso8601) }

  /// What could not be written of the measurements; nil if all was.
  var lossInWords: String? {
    let lost = [
      (metrics?.lostLines ?? 0, "metrics.jsonl"), (events?.lostCount ?? 0, "tensorboard/"),
    ].filter { $0.0 > 0 }.map { "\($0.0) of \($0.1)" }
    return lost.isEmpty ? nil : "lines that could not be written: \(lost.joined(separator: ", "))"
  }

  /// Stops a run whose folder was removed or replaced, before something is written there by its name.
  func requireHeld() throws { try folder.requireHeld() }

  /// Where pictures of the run go.
  var picturesPath: String { folder.files.pictures }

  /// Saves a checkpoint; returns when it is on the disk and verified.
  func save(_ checkpoint: Checkpoint, _ trained: Checkpoint.Trained) throws {
    guard let identity else { preconditionFailure("RunStorage.save: before compare") }
    let archive = checkpoint.archive(of: identity, trained)
    let failures = try folder.whileHeld { () throws(FileError) in
      try store.save(archive, iteration: checkpoint.iteration)
    }
    for failure in failures { logger.warning("an older checkpoint stays: \(failure)") }
    history?.append(
      .init(kind: .saved, iteration: checkpoint.iteration, lines: metrics?.count))
  }

  /// Writes the weights of the best validation so far.
  func keepBest(_ network: SegmentationNetwork, iteration: Int) throws {
    let aside = try folder.whileHeld { () throws(FileError) in try best.putAside() }
    if let aside { logger.info("the best weights from before are \(aside) now") }
    try write(network, folder.files.best, iteration)
  }

  /// Writes the last weights.
  func finish(_ network: SegmentationNetwork, iteration: Int) throws {
    if case .finished = found { return }
    try write(network, folder.files.student, iteration)
    history?.append(.init(kind: .finished, iteration: iteration))
  }

  /// The run of weights, as a digest.
  static let identityKey = "run.identity"
  /// The iteration of weights.
  static let iterationKey = "iteration"

  private func write(_ network: SegmentationNetwork, _ path: String, _ iteration: Int) throws {
    var metadata = ["network": network.architecture.description, "format": "pt"]
    metadata[Self.identityKey] = identity?.digest
    metadata[RunIdentity.acceptedKey] = identity?.accepted
    metadata[Self.iterationKey] = String(iteration)
    let archive = TensorArchive(tensors: network.state.stored(), metadata: metadata)
    try folder.whileHeld { () throws(FileError) in
      try AtomicFile(files: folder.store).writeAtomically(archive, to: path)
    }
  }
}
