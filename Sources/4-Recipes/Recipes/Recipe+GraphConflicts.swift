import Networks

// Rules between the keys that graphs, other normalisations and other classes need.
extension Recipe {
  /// What networks of the zoo have and graphs have not, or the other way.
  var graphConflict: Conflict? {
    if student.network.graphPath != nil {
      for (key, isSet) in [
        ("student.backbone_weights", student.backboneWeights != nil),
        ("student.head_width", student.headWidth != 0),
      ] where isSet {
        return Conflict(
          key: key, found: "\(key) with an ONNX file as student.network",
          expected: "a network of the zoo: a graph is as its file says", remedy: "remove \(key)")
      }
    }
    for (section, input) in [("student", student.input), ("teacher", teacher.input)]
    where input.order == .own && input != Input() {
      return Conflict(
        key: "\(section).input.order",
        found: "numbers of \(section).input and \(section).input.order own", expected: "rgb or bgr",
        remedy: "set \(section).input.order, or remove the numbers")
    }
    return classConflict
  }

  /// A class of the data that no class of the teacher is, or the other way.
  private var classConflict: Conflict? {
    let targets = teacher.classes.targets
    guard !targets.isEmpty else { return nil }
    let known = Set(targets.compactMap { $0 })
    func conflict(_ found: String, _ expected: String) -> Conflict {
      Conflict(
        key: "teacher.classes", found: "teacher.classes: \(found)", expected: expected,
        remedy: "correct the list, which has an entry for each class of the teacher")
    }
    if let other = known.sorted().first(where: { $0 >= data.classCount }) {
      return conflict(
        "class \(other)", "0 to \(data.classCount - 1), the classes of the data, or none")
    }
    if let lonely = (0..<data.classCount).first(where: { !known.contains($0) }) {
      return conflict(
        "no class that is class \(lonely) of the data", "one or more for each class of the data")
    }
    return nil
  }
}
