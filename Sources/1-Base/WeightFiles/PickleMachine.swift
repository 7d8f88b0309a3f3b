import Files

/// The part of Python's pickle machine that a `state_dict` and what lies beside it need; it executes
/// nothing.
///
/// Opcodes come from a short list. A call is one of five functions that this module knows; their result
/// is a description of a tensor or a container. What another name would make is an object of which only
/// that name is kept.
struct PickleMachine {
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
  var tensorCount = 0
  var storages: [String: PickleStorage] = [:]
  /// The type of a storage whose elements this module cannot measure.
  var foreignStorage: String?

  /// Reads one pickle from where `reader` stands and leaves it behind the pickle.
  ///
  /// - Returns: the value, every storage that it names by its key, and the type of one that has no
  ///   known size, if there is such a one.
  static func load(
    _ reader: inout ByteReader
  ) throws(FileError) -> (
    value: PickleValue, storages: [String: PickleStorage], foreignStorage: String?
  ) {
    var machine = PickleMachine(reader: reader)
    let value = try machine.run()
    reader = machine.reader
    return (value, machine.storages, machine.foreignStorage)
  }

  private init(reader: ByteReader) { self.reader = reader }

  private mutating func run() throws(FileError) -> PickleValue {
    for _ in 0..<Self.opcodeLimit {
      opcodeStart = reader.position
      let byte = try reader.number(UInt8.self)
      guard let opcode = PickleOpcode(rawValue: byte) else {
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

  private mutating func execute(_ opcode: PickleOpcode) throws(FileError) {
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
    case .long1: stack.append(try longInteger(reader.size(UInt8.self)))
    case .long4: stack.append(try longInteger(reader.size(Int32.self)))
    case .binFloat:
      let bits = try reader.number(UInt64.self).byteSwapped
      stack.append(.double(Double(bitPattern: bits)))
    case .shortBinString, .shortBinUnicode:
      stack.append(.string(try reader.text(reader.size(UInt8.self))))
    case .binString, .binUnicode: stack.append(.string(try reader.text(reader.size(UInt32.self))))
    case .binUnicode8: stack.append(.string(try reader.text(reader.size(UInt64.self))))
    case .shortBinBytes: try skip(reader.size(UInt8.self))
    case .binBytes: try skip(reader.size(UInt32.self))
    case .binBytes8, .byteArray8: try skip(reader.size(UInt64.self))
    case .emptyTuple: stack.append(.tuple(PickleTuple([])))
    case .emptyList: stack.append(.list(PickleList()))
    case .emptyDict: stack.append(.dict(PickleDict()))
    case .emptySet: stack.append(.object("set"))
    case .pop: _ = try pop(1)
    case .popMark: _ = try popToMark()
    case .tuple1: try pushTuple(pop(1))
    case .tuple2: try pushTuple(pop(2))
    case .tuple3: try pushTuple(pop(3))
    case .tuple: try pushTuple(popToMark())
    case .frozenSet:
      _ = try popToMark()
      stack.append(.object("frozenset"))
    case .append: try append(pop(1))
    case .appends, .addItems: try append(popToMark())
    case .setItem: try set(pop(2))
    case .setItems: try set(popToMark())
    case .binPut: memo[UInt32(try reader.number(UInt8.self))] = try top()
    case .longBinPut: memo[try reader.number(UInt32.self)] = try top()
    case .memoize: memo[UInt32(memo.count)] = try top()
    case .binGet: try get(UInt32(reader.number(UInt8.self)))
    case .longBinGet: try get(reader.number(UInt32.self))
    case .global: pushGlobal(module: try reader.line(), name: try reader.line())
    case .stackGlobal:
      let names = try pop(2)
      guard let module = names[0].string, let name = names[1].string else {
        throw refused(found: "\(names[0].kind) and \(names[1].kind)", expected: "two names")
      }
      pushGlobal(module: module, name: name)
    case .binPersistentID: stack.append(try storage(pop(1)[0]))
    case .reduce, .newObject:
      let call = try pop(2)
      stack.append(try reduce(call[0], call[1]))
    case .newObjectWithNames:
      let call = try pop(3)
      stack.append(.object(call[0].global?.description ?? call[0].kind))
    case .build:
      // The only attribute of a state_dict is _metadata: versions of layers, not needed.
      let state = try pop(1)[0]
      if case .object = try top() { return }
      guard state.dict != nil, try top().dict != nil else {
        throw refused(found: "attributes of \(try top().kind)", expected: "those of a state_dict")
      }
    case .stop: break
    }
  }

  private mutating func longInteger(_ count: Int) throws(FileError) -> PickleValue {
    let bytes = try reader.take(count)
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
    if case .object = try top() { return }
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
    if case .object = try top() { return }
    guard case .dict(let dict) = try top(), !dict.isPlaced, items.count % 2 == 0 else {
      throw refused(
        found: "\(items.count) keys and values for \(try top().kind)",
        expected: "pairs for a dict still open")
    }
    for index in stride(from: 0, to: items.count, by: 2) {
      try checkOther(items[index + 1], than: dict)
      dict.append(items[index], items[index + 1])
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

  func checkDepth(_ container: PickleContainer) throws(FileError) {
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

  private mutating func pushGlobal(module: String, name: String) {
    stack.append(.global(PickleGlobal(module: module, name: name)))
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

  func refused(
    found: String, expected: String,
    advice: String = "save only tensors: torch.save(model.state_dict(), path)"
  ) -> FileError {
    reader.refused(at: opcodeStart, found: found, expected: expected, advice: advice)
  }
}
