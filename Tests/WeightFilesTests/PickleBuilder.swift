infix operator ++ : AdditionPrecedence

/// Bytes one after another; `+` has too many meanings for the compiler to sort out long chains.
func ++ (first: [UInt8], second: [UInt8]) -> [UInt8] { first + second }

/// Opcodes of pickles made by hand.
enum Pickle {
  static let start: [UInt8] = [0x80, 2]
  static let stop: [UInt8] = [0x2E]
  static let mark: [UInt8] = [0x28]
  static let emptyDict: [UInt8] = [0x7D]
  static let emptyList: [UInt8] = [0x5D]
  static let emptyTuple: [UInt8] = [0x29]
  static let none: [UInt8] = [0x4E]
  static let setItem: [UInt8] = [0x73]
  static let setItems: [UInt8] = [0x75]
  static let append: [UInt8] = [0x61]
  static let appends: [UInt8] = [0x65]
  static let tuple: [UInt8] = [0x74]
  static let tuple1: [UInt8] = [0x85]
  static let tuple2: [UInt8] = [0x86]
  static let reduce: [UInt8] = [0x52]
  static let build: [UInt8] = [0x62]
  static let persistentID: [UInt8] = [0x51]
  static func put(_ index: UInt8) -> [UInt8] { [0x71, index] }
  static func get(_ index: UInt8) -> [UInt8] { [0x68, index] }
  static func text(_ text: String) -> [UInt8] {
    [0x58] ++ littleEndian(UInt32(text.utf8.count)) ++ Array(text.utf8)
  }
  static func global(_ module: String, _ name: String) -> [UInt8] {
    [0x63] ++ Array("\(module)\n\(name)\n".utf8)
  }
  static func int(_ value: Int) -> [UInt8] { [0x8A, 8] ++ littleEndian(Int64(value)) }
  static func ints(_ values: [Int]) -> [UInt8] { mark ++ values.flatMap(int) ++ tuple }

  /// A storage of floats.
  static func storage(
    _ key: String = "0", count: Int, type: String = "FloatStorage", view: [UInt8] = []
  ) -> [UInt8] {
    mark ++ text("storage") ++ global("torch", type) ++ text(key) ++ text("cpu") ++ int(count)
      ++ view
      ++ tuple ++ persistentID
  }

  /// A tensor of floats over storage 0.
  static func tensor(
    count: Int = 4, offset: Int = 0, shape: [Int] = [2, 2], strides: [Int] = [2, 1],
    storage: [UInt8]? = nil
  ) -> [UInt8] {
    global("torch._utils", "_rebuild_tensor_v2") ++ mark ++ (storage ?? Self.storage(count: count))
      ++ int(offset) ++ ints(shape) ++ ints(strides) ++ [0x89] ++ emptyDict ++ tuple ++ reduce
  }

  /// A whole pickle: a dict with `value` under `w`.
  static func dict(_ value: [UInt8]) -> [UInt8] {
    start ++ emptyDict ++ text("w") ++ value ++ setItem ++ stop
  }
}
