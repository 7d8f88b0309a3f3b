import Recipes

extension ReportPage {
  /// The keys that are not the same in all runs; of a run that a key says nothing about, nothing.
  var differences: String {
    guard runs.count > 1 else { return "" }
    var keys: [String] = []
    for run in runs.dropFirst() {
      for key in run.recipe.differingKeys(from: runs[0].recipe) where !keys.contains(key) {
        keys.append(key)
      }
    }
    let rows = keys.compactMap { key -> Table.Row? in
      guard runs.contains(where: { $0.recipe.uses(key) }) else { return nil }
      return Table.Row(
        key,
        runs.map { run in
          run.recipe.uses(key) ? .text(run.recipe.value(ofKey: key) ?? "") : .text("-")
        })
    }
    guard !rows.isEmpty else { return "<p>Nothing.</p>" }
    return Table(
      caption: "Keys of the recipes; - where a key has no effect", columns: ["key"] + names,
      rows: rows
    ).html
  }
}
