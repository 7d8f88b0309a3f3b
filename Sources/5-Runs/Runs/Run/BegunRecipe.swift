import Files
import Recipes
import Steps

extension Recipe {
  /// The recipe with which a run goes on in a folder. Collective.
  ///
  /// Where a run was begun by a version with other defaults, those stay (`goingOn(with:)`).
  ///
  /// - Parameters:
  ///   - folder: the run's, as rank 0 sees it; one without a recipe changes nothing.
  ///   - coordinator: the ranks.
  ///   - note: told of each default that stays, in a line.
  package func begun(
    in folder: String, _ coordinator: Coordinator, note: (String) -> Void = { _ in }
  ) throws -> Recipe {
    // A file that is missing or damaged is for those to tell who go on with the run.
    let path = RunFiles(folder: folder).recipe
    let own = coordinator.isLead ? (try? WholeFile.bytes(path, limit: 1 << 20)) ?? [] : []
    let bytes = try coordinator.world.communicator.broadcast(own, from: 0)
    guard let text = String(validating: bytes, as: UTF8.self),
      let earlier = try? Recipe.decode(yaml: text, file: path)
    else { return self }
    let recipe = goingOn(with: earlier)
    for key in recipe.differingKeys(from: self) {
      note(
        "\(key): \(recipe.value(ofKey: key) ?? ""), with which the run was begun; the default is "
          + "\(value(ofKey: key) ?? "") now")
    }
    return recipe
  }

  /// What to tell where classes are called otherwise than before; nil if they are not, or have had no names.
  ///
  /// - Parameter earlier: the recipe of the run's last start.
  func warningOfClasses(earlier: Recipe) -> String? {
    let now = data.ownClasses.list.map(\.name)
    let before = earlier.data.ownClasses.list.map(\.name)
    guard let place = zip(now, before).enumerated().first(where: { $1.0 != $1.1 })?.offset else {
      return nil
    }
    return
      "data.classes: class \(place) is \(quoted(now[place])) now, and was "
      + "\(quoted(before[place])): weights and scores keep their order, and only the names are others"
  }

  /// What makes a run of this recipe vain, though it can be done; a line each.
  package var warnings: [String] {
    guard Objective(self).stage(train.iterations) == .tfe else { return [] }
    return [
      "distill.warmup_iterations: \(distill.warmupIterations) in a run of \(train.iterations) iterations: "
        + "TSE, the second stage of RDD, never starts; lower it, or leave it out for a tenth of "
        + "train.iterations"
    ]
  }
}

extension RunFiles {
  /// The recipe of the run's last start; nil where it is gone or damaged.
  var writtenRecipe: Recipe? {
    guard let bytes = try? WholeFile.bytes(recipe, limit: 1 << 20),
      let text = String(validating: bytes, as: UTF8.self)
    else { return nil }
    return try? Recipe.decode(yaml: text, file: recipe)
  }
}
