import Files

// What a pickle calls: functions that describe tensors and containers. Nothing is ever run.
extension PickleMachine {
  mutating func reduce(
    _ function: PickleValue, _ arguments: PickleValue
  ) throws(FileError) -> PickleValue {
    switch (function, arguments) {
    case (.object, _): return function
    case (.global(.foreign(let name)), _): return .object(name)
    case (.global(let global), .tuple(let tuple)): return try call(global, tuple.items)
    default:
      throw refused(
        found: "a call of \(function.kind) with \(arguments.kind)",
        expected: "a function and a tuple")
    }
  }

  private mutating func call(
    _ global: PickleGlobal, _ arguments: [PickleValue]
  ) throws(FileError) -> PickleValue {
    switch (global, arguments.count) {
    case (.orderedDict, 0): return .dict(PickleDict())
    case (.orderedDict, 1):
      let dict = PickleDict()
      guard let pairs = arguments[0].items else {
        throw refused(found: "an OrderedDict of \(arguments[0].kind)", expected: "of pairs")
      }
      for pair in pairs {
        guard let items = pair.items, items.count == 2, items[0].string != nil else {
          throw refused(
            found: "\(pair.kind) in an OrderedDict", expected: "pairs of name and value")
        }
        dict.append(items[0], items[1])
      }
      try checkDepth(dict)
      return .dict(dict)
    case (.rebuildTensor, 4), (.rebuildTensorV2, 6), (.rebuildTensorV2, 7):
      if case .object = arguments[0] { return arguments[0] }
      return .tensor(try tensor(arguments))
    case (.rebuildParameter, 3):
      if case .object = arguments[0] { return arguments[0] }
      guard arguments[0].tensor != nil else {
        throw refused(found: "a parameter of \(arguments[0].kind)", expected: "of a tensor")
      }
      return arguments[0]
    case (.rebuildFromType, 4):
      if case .global(.foreign(let name)) = arguments[1] { return .object(name) }
      guard let function = arguments[0].global, case .rebuildTensorV2 = function,
        case .global(.tensorType) = arguments[1], case .tuple(let inner) = arguments[2]
      else {
        throw refused(found: "a tensor of another class", expected: "Tensor or Parameter")
      }
      return try call(function, inner.items)
    default:
      throw refused(
        found: "a call of \(global) with \(arguments.count) arguments", expected: "its arguments")
    }
  }

  /// The tensor of `_rebuild_tensor_v2(storage, offset, shape, strides, grad, hooks[, bits])`.
  private mutating func tensor(_ arguments: [PickleValue]) throws(FileError) -> PickleTensor {
    guard let storage = arguments[0].storage, let offset = arguments[1].integer,
      let shape = arguments[2].integers, let strides = arguments[3].integers
    else {
      throw refused(
        found: "a tensor of \(arguments.prefix(4).map(\.kind).joined(separator: ", "))",
        expected: "a storage, an int and two tuples of ints")
    }
    // Bits say that the elements are conjugated or negated.
    guard arguments.count < 7 || arguments[6].dict?.entries.isEmpty == true else {
      throw refused(found: "a negated or conjugated view", expected: "plain elements")
    }
    tensorCount += 1
    guard tensorCount <= Self.tensorLimit else {
      throw refused(found: "more tensors", expected: "at most \(Self.tensorLimit)")
    }
    let tensor = PickleTensor(storage: storage, offset: offset, shape: shape, strides: strides)
    if let problem = tensor.problem { throw refused(found: problem, expected: "a window of it") }
    return tensor
  }

  /// The storage of `('storage', type, key, device, count[, (view key, offset, count)])`; an object in
  /// place of a storage whose elements have no known size, and of a whole model's source.
  mutating func storage(_ identifier: PickleValue) throws(FileError) -> PickleValue {
    guard case .tuple(let tuple) = identifier, let kind = tuple.items.first?.string else {
      throw refused(found: "another persistent id", expected: "a tuple that begins with its kind")
    }
    if kind == "module", tuple.items.count == 4, case .global(.foreign(let name)) = tuple.items[1] {
      return .object(name)
    }
    guard kind == "storage", 5...6 ~= tuple.items.count, let type = tuple.items[1].global,
      let key = tuple.items[2].string, let count = tuple.items[4].integer, count >= 0,
      count <= Int.max / 8
    else {
      throw refused(found: "another persistent id", expected: "a storage with type, key and count")
    }
    if case .foreign(let name) = type {
      foreignStorage = foreignStorage ?? name
      return .object(name)
    }
    guard case .storageType(let type) = type else {
      throw refused(found: "a storage of \(type)", expected: "a storage of numbers")
    }
    var view: Range<Int>?
    if tuple.items.count == 6, let numbers = tuple.items[5].items {
      guard numbers.count == 3, let start = numbers[1].integer, let length = numbers[2].integer,
        start >= 0, length >= 0, start <= count, length <= count - start
      else { throw refused(found: "a view outside its storage", expected: "one inside") }
      view = start..<start + length
    }
    let storage = PickleStorage(elementType: type, key: key, elementCount: count, view: view)
    if let other = storages.updateValue(storage, forKey: key) {
      guard other.elementType == type, other.elementCount == count else {
        throw refused(found: "storage \(quoted(key)) in two sizes or types", expected: "one")
      }
    }
    return .storage(storage)
  }
}
