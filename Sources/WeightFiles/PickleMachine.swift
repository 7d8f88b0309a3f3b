import Files

/// The part of Python's pickle machine that a `state_dict` needs; it executes nothing.
///
/// Opcodes and names come from short lists. A call is one of five functions that this module knows;
/// their result is a description of a tensor or a container.
struct PickleMachine {
  private enum Opcode: UInt8 {
    case mark = 0x28  // (
    case emptyTuple = 0x29  // )
    case stop = 0x2E  // .
    case binFloat = 0x47  // G
    case binInt = 0x4A  // J
    case binInt1 = 0x4B  // K
    case binInt2 = 0x4D  // M
    case none = 0x4E  // N
    case binPersistentID = 0x51  // Q
    case reduce = 0x52  // R
    case binString = 0x54  // T
    case shortBinString = 0x55  // U
    case binUnicode = 0x58  // X
    case emptyList = 0x5D  // ]
    case append = 0x61  // a
    case build = 0x62  // b
    case global = 0x63  // c
    case appends = 0x65  // e
    case binGet = 0x68  // h
    case longBinGet = 0x6A  // j
    case binPut = 0x71  // q
    case longBinPut = 0x72  // r
    case setItem = 0x73  // s
    case tuple = 0x74  // t
    case setItems = 0x75  // u
    case emptyDict = 0x7D  // }
    case proto = 0x80
    case tuple1 = 0x85
    case tuple2 = 0x86
    case tuple3 = 0x87
    case newTrue = 0x88
    case newFalse = 0x89
    case long1 = 0x8A
    case shortBinUnicode = 0x8C
    case stackGlobal = 0x93
    case memoize = 0x94
    case frame = 0x95
    case binBytes = 0x42  // B
    case shortBinBytes = 0x43  // C
  }

  /// Values on the stack and marks together.
  static let stackLimit = 10_000
  /// Containers in containers.
  static let depthLimit = 32
  /// Tensors of one pickle.
  static let tensorLimit = 10_000
  /// Opcodes of one pickle; a tensor needs about 60.
  static let opcodeLimit = 2_000_000

  private var reader: ByteReader
  private var opcodeStart = 0
  private var stack: [PickleValue] = []
  private var marks: [Int] = []
  private var memo: [UInt32: PickleValue] = [:]
  private var tensorCount = 0
  private var storages: [String: PickleStorage] = [:]

  /// Reads one pickle from where `reader` stands and leaves it behind the pickle.
  ///
  /// - Returns: the value, and every storage that it names by its key.
  static func load(
    _ reader: inout ByteReader
  ) throws(FileError) -> (value: PickleValue, storages: [String: PickleStorage]) {
    var machine = PickleMachine(reader: reader)
    let value = try machine.run()
    reader = machine.reader
    return (value, machine.storages)
  }

  private init(reader: ByteReader) { self.reader = reader }

  private mutating func run() throws(FileError) -> PickleValue {
    for _ in 0..<Self.opcodeLimit {
      opcodeStart = reader.position
      let byte = try reader.number(UInt8.self)
      guard let opcode = Opcode(rawValue: byte) else {
        throw refused(
          found: "opcode 0x\(String(byte, radix: 16))", expected: "an opcode of a state_dict")
      }
      if case .stop = opcode {
        guard stack.count == 1, marks.isEmpty, let value = stack.first else {
          throw refused(found: "\(stack.count) values at the end", expected: "1")
        }
        return value
      }
      try execute(opcode)
      guard stack.count + marks.count <= Self.stackLimit else {
        throw refused(found: "a larger stack", expected: "at most \(Self.stackLimit) values")
      }
    }
    throw refused(found: "more opcodes", expected: "at most \(Self.opcodeLimit)")
  }

  private mutating func execute(_ opcode: Opcode) throws(FileError) {
    switch opcode {
    case .proto:
      let version = try reader.number(UInt8.self)
      guard 2...5 ~= version else {
        throw refused(found: "protocol \(version)", expected: "2 to 5")
      }
    case .frame: _ = try reader.take(8)
    case .mark: marks.append(stack.count)
    case .none: stack.append(.none)
    case .newTrue: stack.append(.bool(true))
    case .newFalse: stack.append(.bool(false))
    case .binInt: stack.append(.integer(Int(try reader.number(Int32.self))))
    case .binInt1: stack.append(.integer(Int(try reader.number(UInt8.self))))
    case .binInt2: stack.append(.integer(Int(try reader.number(UInt16.self))))
    case .long1: stack.append(try longInteger())
    case .binFloat:
      let bits = try reader.number(UInt64.self).byteSwapped
      stack.append(.double(Double(bitPattern: bits)))
    case .shortBinString, .shortBinUnicode:
      stack.append(.string(try reader.text(reader.size(UInt8.self))))
    case .binString, .binUnicode: stack.append(.string(try reader.text(reader.size(UInt32.self))))
    case .shortBinBytes: try skip(reader.size(UInt8.self))
    case .binBytes: try skip(reader.size(UInt32.self))
    case .emptyTuple: stack.append(.tuple(PickleTuple([])))
    case .emptyList: stack.append(.list(PickleList()))
    case .emptyDict: stack.append(.dict(PickleDict()))
    case .tuple1: try pushTuple(pop(1))
    case .tuple2: try pushTuple(pop(2))
    case .tuple3: try pushTuple(pop(3))
    case .tuple: try pushTuple(popToMark())
    case .append: try append(pop(1))
    case .appends: try append(popToMark())
    case .setItem: try set(pop(2))
    case .setItems: try set(popToMark())
    case .binPut: memo[UInt32(try reader.number(UInt8.self))] = try top()
    case .longBinPut: memo[try reader.number(UInt32.self)] = try top()
    case .memoize: memo[UInt32(memo.count)] = try top()
    case .binGet: try get(UInt32(reader.number(UInt8.self)))
    case .longBinGet: try get(reader.number(UInt32.self))
    case .global: try pushGlobal(module: reader.line(), name: reader.line())
    case .stackGlobal:
      let names = try pop(2)
      guard let module = names[0].string, let name = names[1].string else {
        throw refused(found: "\(names[0].kind) and \(names[1].kind)", expected: "two names")
      }
      try pushGlobal(module: module, name: name)
    case .binPersistentID: stack.append(.storage(try storage(pop(1)[0])))
    case .reduce:
      let call = try pop(2)
      stack.append(try reduce(call[0], call[1]))
    case .build:
      // The only attribute of a state_dict is _metadata: versions of layers, not needed.
      guard try pop(1)[0].dict != nil, try top().dict != nil else {
        throw refused(found: "attributes of \(try top().kind)", expected: "those of a state_dict")
      }
    case .stop: break
    }
  }

  private mutating func longInteger() throws(FileError) -> PickleValue {
    let bytes = try reader.take(reader.size(UInt8.self))
    guard bytes.count <= 8 else { return .longInteger(bytes) }
    return bytes.withUnsafeBytes { bytes in
      let isNegative = bytes.last.map { $0 >= 0x80 } ?? false
      return .integer(bytes.reversed().reduce(isNegative ? -1 : 0) { $0 << 8 | Int($1) })
    }
  }

  private mutating func skip(_ count: Int) throws(FileError) {
    _ = try reader.take(count)
    stack.append(.bytes)
  }

  private mutating func pushTuple(_ items: [PickleValue]) throws(FileError) {
    let tuple = PickleTuple(items)
    try checkDepth(tuple)
    stack.append(.tuple(tuple))
  }

  private mutating func append(_ items: [PickleValue]) throws(FileError) {
    guard case .list(let list) = try top(), !list.isPlaced else {
      throw refused(found: "items for \(try top().kind)", expected: "for a list still open")
    }
    for item in items {
      try checkOther(item, than: list)
      list.append(item)
    }
    try checkDepth(list)
  }

  private mutating func set(_ items: [PickleValue]) throws(FileError) {
    guard case .dict(let dict) = try top(), !dict.isPlaced, items.count % 2 == 0 else {
      throw refused(
        found: "\(items.count) keys and values for \(try top().kind)",
        expected: "pairs for a dict still open")
    }
    for index in stride(from: 0, to: items.count, by: 2) {
      let key = items[index]
      guard key.string != nil || key.integer != nil else {
        throw refused(found: "\(key.kind) as key", expected: "a str or int")
      }
      try checkOther(items[index + 1], than: dict)
      dict.append(key, items[index + 1])
    }
    try checkDepth(dict)
  }

  private func checkOther(
    _ value: PickleValue, than container: PickleContainer
  ) throws(FileError) {
    guard value.container !== container else {
      throw refused(found: "a container in itself", expected: "a tree")
    }
  }

  private func checkDepth(_ container: PickleContainer) throws(FileError) {
    guard container.depth <= Self.depthLimit else {
      throw refused(found: "a deeper nesting", expected: "at most \(Self.depthLimit) levels")
    }
  }

  private mutating func get(_ index: UInt32) throws(FileError) {
    guard let value = memo[index] else {
      throw refused(found: "memo \(index) empty", expected: "a value")
    }
    stack.append(value)
  }

  private mutating func pushGlobal(module: String, name: String) throws(FileError) {
    guard let global = PickleGlobal(module: module, name: name) else {
      throw refused(
        found: "the name \(quoted(module + "." + name))",
        expected: "names that a state_dict needs",
        advice: "nothing was run; save only tensors: torch.save(model.state_dict(), path)")
    }
    stack.append(.global(global))
  }

  private mutating func reduce(
    _ function: PickleValue, _ arguments: PickleValue
  ) throws(FileError) -> PickleValue {
    guard let global = function.global, case .tuple(let tuple) = arguments else {
      throw refused(
        found: "a call of \(function.kind) with \(arguments.kind)",
        expected: "a known function and a tuple")
    }
    return try call(global, tuple.items)
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
      return .tensor(try tensor(arguments))
    case (.rebuildParameter, 3):
      guard arguments[0].tensor != nil else {
        throw refused(found: "a parameter of \(arguments[0].kind)", expected: "of a tensor")
      }
      return arguments[0]
    case (.rebuildFromType, 4):
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

  /// The storage of `('storage', type, key, device, count[, (view key, offset, count)])`.
  private mutating func storage(_ identifier: PickleValue) throws(FileError) -> PickleStorage {
    guard case .tuple(let tuple) = identifier, 5...6 ~= tuple.items.count,
      tuple.items[0].string == "storage", case .global(.storageType(let type)) = tuple.items[1],
      let key = tuple.items[2].string, let count = tuple.items[4].integer, count >= 0,
      count <= Int.max / 8
    else {
      throw refused(found: "another persistent id", expected: "a storage with type, key and count")
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
    return storage
  }

  private func top() throws(FileError) -> PickleValue {
    guard let value = stack.last, stack.count > marks.last ?? 0 else {
      throw refused(found: "an empty stack", expected: "a value")
    }
    return value
  }

  private mutating func pop(_ count: Int) throws(FileError) -> [PickleValue] {
    guard stack.count - (marks.last ?? 0) >= count else {
      throw refused(found: "an empty stack", expected: "\(count) values")
    }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  private mutating func popToMark() throws(FileError) -> [PickleValue] {
    guard let mark = marks.popLast() else { throw refused(found: "no mark", expected: "one") }
    defer { stack.removeLast(stack.count - mark) }
    return Array(stack[mark...])
  }

  private func refused(
    found: String, expected: String,
    advice: String = "save only tensors: torch.save(model.state_dict(), path)"
  ) -> FileError {
    reader.refused(at: opcodeStart, found: found, expected: expected, advice: advice)
  }
}
