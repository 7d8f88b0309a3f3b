import Files

/// What a pickle of a `state_dict` can hold.
///
/// Containers are held by reference, so a copy from the memo costs nothing.
enum PickleValue {
  case none
  case bool(Bool)
  case integer(Int)
  /// A whole number of more than 64 bits: its bytes, little endian.
  case longInteger(ByteRegion)
  case double(Double)
  case string(String)
  case bytes
  case tuple(PickleTuple)
  case list(PickleList)
  case dict(PickleDict)
  case global(PickleGlobal)
  case storage(PickleStorage)
  case tensor(PickleTensor)
  /// What a name outside this module's list would make, by that name; it was not made.
  case object(String)

  /// What kind of value it is, for messages.
  var kind: String {
    switch self {
    case .none: "None"
    case .bool: "a bool"
    case .integer, .longInteger: "an int"
    case .double: "a float"
    case .string: "a str"
    case .bytes: "bytes"
    case .tuple: "a tuple"
    case .list: "a list"
    case .dict: "a dict"
    case .global(let global): "the name \(global)"
    case .storage: "a storage"
    case .tensor: "a tensor"
    case .object(let name): "an object of \(quoted(name))"
    }
  }

  var integer: Int? { if case .integer(let value) = self { value } else { nil } }
  var string: String? { if case .string(let value) = self { value } else { nil } }
  var dict: PickleDict? { if case .dict(let value) = self { value } else { nil } }
  var tensor: PickleTensor? { if case .tensor(let value) = self { value } else { nil } }
  var storage: PickleStorage? { if case .storage(let value) = self { value } else { nil } }
  var global: PickleGlobal? { if case .global(let value) = self { value } else { nil } }
  /// The items of a tuple or list.
  var items: [PickleValue]? {
    switch self {
    case .tuple(let tuple): tuple.items
    case .list(let list): list.items
    default: nil
    }
  }
  /// A tuple of whole numbers: a shape or strides.
  var integers: [Int]? {
    guard case .tuple(let tuple) = self else { return nil }
    let integers = tuple.items.compactMap(\.integer)
    return integers.count == tuple.items.count ? integers : nil
  }

  /// The container in this value, if it is one.
  var container: PickleContainer? {
    switch self {
    case .tuple(let tuple): tuple
    case .list(let list): list
    case .dict(let dict): dict
    default: nil
    }
  }
}

/// A tuple, list or dict: how deep it nests, and whether it is complete.
///
/// A container that lies in another one does not change any more. So no container can lie in
/// itself, and the depth that is noted when it is placed stays true.
class PickleContainer {
  fileprivate(set) var depth = 1
  fileprivate(set) var isPlaced = false

  /// Notes that `child` lies in this container.
  fileprivate func place(_ child: PickleValue) {
    guard let container = child.container else { return }
    container.isPlaced = true
    depth = max(depth, container.depth + 1)
  }
}

/// A tuple.
final class PickleTuple: PickleContainer {
  let items: [PickleValue]
  init(_ items: [PickleValue]) {
    self.items = items
    super.init()
    items.forEach(place)
  }
}

/// A list.
final class PickleList: PickleContainer {
  private(set) var items: [PickleValue] = []
  func append(_ item: PickleValue) {
    place(item)
    items.append(item)
  }
}

/// A dict or OrderedDict: its entries in order, doubles included.
final class PickleDict: PickleContainer {
  private(set) var entries: [(key: PickleValue, value: PickleValue)] = []
  func append(_ key: PickleValue, _ value: PickleValue) {
    place(value)
    // A key that is a container is told by its kind alone: it may hold this dict.
    entries.append((key.container == nil ? key : .object(key.kind), value))
  }

  /// The last value under the text `name`.
  func last(_ name: String) -> PickleValue? { entries.last { $0.key.string == name }?.value }
}

/// A storage that the pickle names; its bytes lie elsewhere in the file.
struct PickleStorage {
  let elementType: ElementType
  let key: String
  /// Elements of the whole storage.
  let elementCount: Int
  /// The elements of the root storage that this one shows (files of torch 0.x).
  let view: Range<Int>?

  /// Bytes of the whole storage.
  var byteCount: Int { elementCount * elementType.byteCount }
  /// Elements that a tensor can use.
  var usableCount: Int { view?.count ?? elementCount }
}

/// A tensor as the pickle describes it: a window of a storage.
struct PickleTensor {
  let storage: PickleStorage
  /// First element in the storage.
  let offset: Int
  let shape: [Int]
  /// Elements between neighbours on each axis.
  let strides: [Int]
}

/// The names of a pickle that this module knows, and all others.
enum PickleGlobal: CustomStringConvertible {
  case orderedDict
  case rebuildTensor
  case rebuildTensorV2
  case rebuildParameter
  case rebuildFromType
  case tensorType
  case storageType(ElementType)
  /// Module and name, as `argparse.Namespace`.
  case foreign(String)

  init(module: String, name: String) {
    switch (module, name) {
    case ("collections", "OrderedDict"): self = .orderedDict
    case ("torch._utils", "_rebuild_tensor"): self = .rebuildTensor
    case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensorV2
    case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
    case ("torch._tensor", "_rebuild_from_type_v2"): self = .rebuildFromType
    case ("torch", "Tensor"), ("torch.nn.parameter", "Parameter"): self = .tensorType
    default:
      let elementType = module == "torch" ? Self.storages[name] : nil
      self = elementType.map(PickleGlobal.storageType) ?? .foreign("\(module).\(name)")
    }
  }

  var description: String {
    switch self {
    case .orderedDict: "OrderedDict"
    case .rebuildTensor: "_rebuild_tensor"
    case .rebuildTensorV2: "_rebuild_tensor_v2"
    case .rebuildParameter: "_rebuild_parameter"
    case .rebuildFromType: "_rebuild_from_type_v2"
    case .tensorType: "Tensor"
    case .storageType(let elementType): "a storage of \(elementType.rawValue)"
    case .foreign(let name): quoted(name)
    }
  }

  private static let storages: [String: ElementType] = [
    "DoubleStorage": .f64, "FloatStorage": .f32, "HalfStorage": .f16, "BFloat16Storage": .bf16,
    "LongStorage": .i64, "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8,
    "ByteStorage": .u8, "BoolStorage": .bool,
  ]
}
