import Files
import WeightFiles

/// What an attribute of a node holds.
package enum Attribute: Sendable {
  /// A whole number.
  case integer(Int)
  /// A float.
  case real(Float)
  /// A text.
  case text(String)
  /// A tensor.
  case tensor(StoredTensor)
  /// Whole numbers.
  case integers([Int])
  /// Floats.
  case reals([Float])
  /// Texts.
  case texts([String])
  /// What no operator of the table has: a graph, a sparse tensor. The name is for messages.
  case other(String)

  /// The name of its type, for messages.
  var kind: String {
    switch self {
    case .integer: "a whole number"
    case .real: "a float"
    case .text: "a text"
    case .tensor: "a tensor"
    case .integers: "whole numbers"
    case .reals: "floats"
    case .texts: "texts"
    case .other(let kind): kind
    }
  }
}

/// An operator with what it reads and gives, as the file has it.
package struct Node: Sendable {
  /// The node's own name; may be empty.
  package var name: String
  /// ONNX's `op_type`.
  package let operatorName: String
  /// The operators' domain; empty for ONNX's own.
  package let domain: String
  /// The version of that domain's operators.
  package let version: Int
  /// The names of what it reads; empty where an optional input is left out.
  package var inputs: [String]
  /// The names of what it gives; empty where an optional output is left out.
  package var outputs: [String]
  /// The attributes by name.
  package var attributes: [String: Attribute]

  /// The operator with its domain.
  var fullName: String { domain.isEmpty ? operatorName : "\(domain).\(operatorName)" }

  /// The node, for messages: its operator, and its name or that of its first output.
  var place: String {
    "\(oneLine(fullName)) \(quoted(name.isEmpty ? outputs.first ?? "" : name))"
  }
}
