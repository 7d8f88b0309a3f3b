import Files

/// A `NodeProto`: input 1, output 2, name 3, op_type 4, attribute 5, domain 7, overload 8.
struct NodeMessage {
  private(set) var name = ""
  private(set) var operatorName = ""
  private(set) var domain = ""
  private(set) var overload = ""
  private(set) var inputs: [String] = []
  private(set) var outputs: [String] = []
  private(set) var attributes: [String: AttributeMessage] = [:]

  init(_ message: WireReader, _ reading: ModelReading) throws(FileError) {
    let limit = reading.limits.nameBytes
    var reader = message
    while let field = try reader.next() {
      switch field.number {
      case 1:
        try reading.spend(1)
        inputs.append(try reader.text(field, limit: limit))
      case 2:
        try reading.spend(1)
        outputs.append(try reader.text(field, limit: limit))
      case 3: name = try reader.onlyText(field, limit: limit)
      case 4: operatorName = try reader.onlyText(field, limit: limit)
      case 5:
        try reading.spend(1)
        let attribute = try AttributeMessage(try reader.message(field, "attribute"), reading)
        guard attributes.updateValue(attribute, forKey: attribute.name) == nil else {
          throw reader.refused(
            at: field.start, found: "the attribute \(quoted(attribute.name)) again",
            expected: "it once")
        }
      case 7: domain = OperatorSet.name(try reader.onlyText(field, limit: limit))
      case 8: overload = try reader.onlyText(field, limit: limit)
      default: break
      }
    }
  }

  /// The node, for messages: its operator, and its name or that of its first output.
  var place: String {
    "\(oneLine(operatorName)) \(quoted(name.isEmpty ? outputs.first ?? "" : name))"
  }

  /// What it calls, if that is a function of the model.
  var call: FunctionKey { FunctionKey(domain: domain, name: operatorName, overload: overload) }
}

/// The three words under which a model has a function.
struct FunctionKey: Hashable {
  let domain: String
  let name: String
  let overload: String
}
