import WeightFiles

/// A value while a network is planned.
struct Value {
  let name: String
  let type: ValueType
  /// Its elements, if they are known.
  var constant: Constant?
  /// The file's own bytes of a constant.
  var tensor: StoredTensor?
  /// Whether it is a stored tensor of floats, or comes from one: training changes it.
  var isStored = false
}

extension Value {
  /// The elements as a tensor of this name; nil if they are not known.
  var known: StoredTensor? {
    guard let tensor else { return constant?.stored(name) }
    return StoredTensor(
      name: name, elementType: tensor.elementType, shape: tensor.shape, bytes: tensor.bytes)
  }
}

/// What an operator makes of its operands.
enum Outcome {
  /// Something to compute, unless all operands are constants.
  case node(Operation, [Value], [ValueType])
  /// The same, of which the results are one sequence.
  case sequence(Operation, Value, [ValueType])
  /// Elements that are known.
  case constant(Constant)
  /// One known element in every place of a shape.
  case filled(Constant, [Int])
  /// A tensor of the file that is no parameter.
  case stored(StoredTensor)
  /// An operand under another name.
  case same(Value)
}
