import Files
import Glibc

/// Reading of what `torch.save` wrote for a `state_dict`: the zip layout (torch 1.6 and later) and
/// the older one without zip. Nothing is executed.
enum TorchFile {
  /// A data.pkl larger than this is refused: ten thousand tensors need 2 MB.
  static let pickleByteLimit = 16 << 20

  /// Reads the tensors of a `state_dict`, at any place of what was saved.
  ///
  /// - Parameters:
  ///   - place: the file, and the keys that lead to the dict or the beginning of its tensors' names.
  ///   - files: what reads it.
  static func read(_ place: WeightPlace, files: FileStore) throws(FileError) -> TensorArchive {
    let file = try InputFile.open(place.path, files: files)
    let bytes = try file.region(file.byteCount)
    let isZip = bytes.withUnsafeBytes { $0.starts(with: [0x50, 0x4B]) }
    return isZip ? try readZip(bytes, place) : try readLegacy(bytes, place)
  }

  private static func readZip(
    _ file: ByteRegion, _ place: WeightPlace
  ) throws(FileError) -> TensorArchive {
    let path = place.path
    let zip = try ZipArchive(file, path: path)
    let pickles = zip.names.filter { $0.hasSuffix("/data.pkl") }
    let folder = pickles.first?.dropLast("data.pkl".count) ?? ""
    guard !zip.names.contains(folder + "constants.pkl") else {
      throw .refused(
        path, "zip", found: "a TorchScript module", expected: "a state_dict",
        advice: TensorDicts.advice)
    }
    guard pickles.count == 1, let pickleName = pickles.first else {
      throw .refused(
        path, "zip", found: "\(pickles.count) entries data.pkl in \(zip.contents)",
        expected: "one, as torch.save writes it",
        advice: zip.names.contains { $0.hasSuffix(".npy") }
          ? "make tensors of the arrays (torch.from_numpy) and " + TensorDicts.advice
          : "take the weights out of it, or " + TensorDicts.advice)
    }
    guard let pickle = try zip.bytes(pickleName), pickle.count <= pickleByteLimit else {
      throw .refused(
        path, "zip", found: "a data.pkl of more than \(pickleByteLimit) bytes",
        expected: "tensors, whose numbers lie beside it",
        advice: "make tensors of arrays (torch.from_numpy) and " + TensorDicts.advice)
    }
    if let order = try zip.bytes(folder + "byteorder") {
      guard order.withUnsafeBytes({ $0.elementsEqual("little".utf8) }) else {
        throw .refused(
          path, "byteorder", found: "another one", expected: "little",
          advice: TensorDicts.advice)
      }
    }
    var reader = ByteReader(pickle, path: path, part: "data.pkl")
    let pickled = try PickleMachine.load(&reader)
    guard reader.remaining == 0 else {
      throw reader.refused(found: "\(reader.remaining) bytes after the pickle", expected: "none")
    }
    var storages: [String: ByteRegion] = [:]
    for (key, storage) in pickled.storages {
      let name = folder + "data/" + key
      guard let bytes = try zip.bytes(name) else {
        throw .refused(path, "zip", found: "no entry \(quoted(name))", expected: "a storage")
      }
      guard bytes.count == storage.byteCount else {
        throw .refused(
          path, "zip entry \(quoted(name))", found: "\(bytes.count) bytes",
          expected: "\(storage.byteCount) as data.pkl says")
      }
      storages[key] = bytes
    }
    return try archive(pickled.value, storages, fileByteCount: file.count, place)
  }

  private static func readLegacy(
    _ file: ByteRegion, _ place: WeightPlace
  ) throws(FileError) -> TensorArchive {
    let path = place.path
    var reader = ByteReader(file, path: path, part: "file")
    let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    let first = try PickleMachine.load(&reader).value
    guard case .longInteger(let number) = first,
      number.withUnsafeBytes({ $0.elementsEqual(magic) })
    else {
      throw .refused(
        path, "byte 0", found: "a pickle of \(first.kind), without torch's magic number",
        expected: "a file of torch.save", advice: TensorDicts.advice(first))
    }
    guard try PickleMachine.load(&reader).value.integer == 1001 else {
      throw reader.refused(found: "another protocol", expected: "1001", advice: TensorDicts.advice)
    }
    guard let system = try PickleMachine.load(&reader).value.dict,
      case .bool(true)? = system.last("little_endian")
    else { throw reader.refused(found: "another byte order", expected: "little_endian: True") }
    let pickled = try PickleMachine.load(&reader)
    if let foreign = pickled.foreignStorage {
      // What the file says of the tensor is the better line.
      _ = try entries(of: TensorDicts(pickled.value, path: path).choose(nil).dict, path: path)
      throw reader.refused(
        found: "a storage of \(quoted(foreign))", expected: "types of whole and real numbers",
        advice: "nothing was run; " + TensorDicts.advice)
    }
    guard case .list(let keys) = try PickleMachine.load(&reader).value else {
      throw reader.refused(found: "no list of storages", expected: "one")
    }
    var storages: [String: ByteRegion] = [:]
    for item in keys.items {
      guard let key = item.string, let storage = pickled.storages[key], storages[key] == nil else {
        throw reader.refused(
          found: "the storage \(item.string.map(quoted) ?? item.kind)",
          expected: "each storage of the tensors once")
      }
      let start = reader.position
      let elementCount = try reader.size(UInt64.self)
      guard elementCount == storage.elementCount else {
        throw reader.refused(
          at: start, found: "storage \(quoted(key)) of \(elementCount)",
          expected: "\(storage.elementCount) as the tensors say")
      }
      storages[key] = try reader.take(storage.byteCount)
    }
    guard reader.remaining == 0, storages.count == pickled.storages.count else {
      throw reader.refused(
        found: "\(reader.remaining) bytes after \(storages.count) storages",
        expected: "the end after \(pickled.storages.count)")
    }
    return try archive(pickled.value, storages, fileByteCount: file.count, place)
  }

  /// The tensors of a `state_dict` over their storages.
  private static func archive(
    _ value: PickleValue, _ storages: [String: ByteRegion], fileByteCount: Int,
    _ weights: WeightPlace
  ) throws(FileError) -> TensorArchive {
    let path = weights.path
    let dicts = try TensorDicts(value, path: path)
    // Without such a dict, the key is the beginning of names.
    let isPrefix = weights.key.map { !dicts.contains($0) } ?? false
    let chosen = try dicts.choose(isPrefix ? nil : weights.key)
    // Windows of one storage may overlap: a small file could ask for any amount of memory.
    let copyLimit = max(4 * fileByteCount, 1 << 20)
    var copied = 0
    var tensors: [StoredTensor] = []
    for (name, tensor) in try entries(of: chosen.dict, path: path) {
      let place = "tensor \(quoted(name))"
      copied += min(tensor.copiedByteCount, copyLimit + 1)
      guard copied <= copyLimit else {
        throw .refused(
          path, place, found: "views that need \(copied) bytes or more",
          expected: "at most \(copyLimit)", advice: "save contiguous tensors")
      }
      guard let storage = storages[tensor.storage.key], let bytes = tensor.dense(in: storage) else {
        throw .system(path, "allocate \(place)", SystemError(code: ENOMEM))
      }
      tensors.append(
        StoredTensor(
          name: name, elementType: tensor.storage.elementType, shape: tensor.shape, bytes: bytes))
    }
    let archive = TensorArchive(tensors: tensors, notes: chosen.note.map { [$0] } ?? [])
    return isPrefix ? try archive.below(weights) : archive
  }

  /// The names and tensors of a dict. Numbers, texts and the like beside them are left out.
  private static func entries(
    of dict: PickleDict, path: String
  ) throws(FileError) -> [(name: String, tensor: PickleTensor)] {
    var seen: Set<String> = []
    var tensors: [(name: String, tensor: PickleTensor)] = []
    for (key, value) in dict.entries {
      let place = "entry \(quoted(key.string ?? key.integer.map(String.init) ?? key.kind))"
      guard !value.isForeign else {
        throw .refused(
          path, place, found: value.kind, expected: "a tensor", advice: TensorDicts.advice(value))
      }
      guard let tensor = value.tensor else { continue }
      guard let name = key.string else {
        throw .refused(
          path, place, found: "a tensor under \(key.kind)", expected: "tensors under names",
          advice: TensorDicts.advice)
      }
      guard seen.insert(name).inserted else {
        throw .refused(path, "tensor \(quoted(name))", found: "it twice", expected: "it once")
      }
      tensors.append((name, tensor))
    }
    return tensors
  }
}
