import Files

/// A `FunctionProto`: name 1, input 4, output 5, attribute 6, node 7, opset_import 9, domain 10,
/// attribute_proto 11, overload 13.
struct FunctionMessage {
  let key: FunctionKey
  private(set) var inputs: [String] = []
  private(set) var outputs: [String] = []
  /// Attributes that a call may give, with the values of those that have one without it.
  private(set) var attributes: [String: AttributeMessage?] = [:]
  private(set) var nodes: [NodeMessage] = []
  private(set) var operatorSets: [String: Int] = [:]

  init(_ message: WireReader, _ reading: ModelReading) throws(FileError) {
    let limit = reading.limits.nameBytes
    var (domain, name, overload) = ("", "", "")
    var reader = message
    while let field = try reader.next() {
      switch field.number {
      case 1: name = try reader.onlyText(field, limit: limit)
      case 4:
        try reading.spend(1)
        inputs.append(try reader.text(field, limit: limit))
      case 5:
        try reading.spend(1)
        outputs.append(try reader.text(field, limit: limit))
      case 6:
        try reading.spend(1)
        attributes.updateValue(nil, forKey: try reader.text(field, limit: limit))
      case 7:
        try reading.check(nodes.count + 1, reading.limits.nodes, "nodes")
        nodes.append(try NodeMessage(try reader.message(field, "node"), reading))
      case 9:
        try OperatorSet.read(
          try reader.message(field, "opset_import"), reading, into: &operatorSets)
      case 10: domain = OperatorSet.name(try reader.onlyText(field, limit: limit))
      case 11:
        try reading.spend(1)
        let attribute = try AttributeMessage(try reader.message(field, "attribute"), reading)
        attributes.updateValue(attribute, forKey: attribute.name)
      case 13: overload = try reader.onlyText(field, limit: limit)
      default: break
      }
    }
    key = FunctionKey(domain: domain, name: name, overload: overload)
    guard Set(inputs).count == inputs.count, Set(outputs).count == outputs.count else {
      throw .refused(
        message.path, "function \(quoted(name))", found: "an input or output twice",
        expected: "different names")
    }
  }
}
