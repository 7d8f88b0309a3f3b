import Randomness
import TestSupport
import Testing
import WeightFiles

/// A pickle that must be refused and what the message must say.
struct BadPickle: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let pickle: [UInt8]
  let message: String

  init(_ description: String, _ pickle: [UInt8], _ message: String) {
    testDescription = description
    self.pickle = pickle
    self.message = message
  }
}

private typealias P = Pickle

private let opcodes: [BadPickle] = [
  // INST, OBJ, EXT1, INT, LONG, FLOAT, STRING, UNICODE, PERSID, DUP, LIST, DICT, PUT, GET,
  // NEXT_BUFFER, READONLY_BUFFER.
  0x69, 0x6F, 0x82, 0x49, 0x4C, 0x46, 0x53, 0x56, 0x50, 0x32, 0x6C, 0x64, 0x70, 0x67, 0x97, 0x98,
  0x00, 0xFF,
].map { (byte: UInt8) in
  let digits = String(byte, radix: 16)
  return BadPickle("opcode \(digits)", P.start ++ [byte] ++ P.stop, "found opcode 0x\(digits);")
}

private let globals: [BadPickle] = [
  ("os", "system"), ("posix", "system"), ("nt", "system"), ("builtins", "eval"),
  ("__builtin__", "exec"), ("builtins", "getattr"), ("builtins", "__import__"),
  ("subprocess", "Popen"), ("torch", "load"), ("torch.storage", "_load_from_bytes"),
  ("torch.hub", "load"), ("torch._utils", "_rebuild_sparse_tensor"), ("torch", "Storage"),
  ("torch.FloatStorage", "x"), ("collections", "OrderedDict.update"), ("collections", "Counter"),
  ("collections.OrderedDict", ""), ("numpy.core.multiarray", "scalar"), ("", ""),
  ("pickle", "loads"), ("functools", "partial"), ("torch.jit", "load"), ("webbrowser", "open"),
].flatMap { module, name in
  let words = "found the name '\(module).\(name)'"
  return [
    BadPickle(words, P.dict(P.global(module, name)), words),
    BadPickle(
      words + " on the stack", P.dict(P.text(module) ++ P.text(name) ++ [0x93]), words),
  ]
}

private let shape: [BadPickle] = [
  BadPickle("nothing", [], "data.pkl byte 0: found 0 bytes left; expected 1"),
  BadPickle("no stop", P.start ++ P.emptyDict, "found 0 bytes left; expected 1"),
  BadPickle("stop alone", P.start ++ P.stop, "found 0 values at the end"),
  BadPickle("two values", P.start ++ P.none ++ P.none ++ P.stop, "found 2 values at the end"),
  BadPickle("open mark", P.start ++ P.emptyDict ++ P.mark ++ P.stop, "at the end"),
  BadPickle("protocol 0", [0x80, 0] ++ P.emptyDict ++ P.stop, "found protocol 0"),
  BadPickle("protocol 9", [0x80, 9] ++ P.emptyDict ++ P.stop, "found protocol 9"),
  BadPickle("bytes after", P.dict(P.tensor()) ++ [0], "found 1 bytes after the pickle"),
  BadPickle("text of 4 GiB", P.start ++ [0x58, 0xFF, 0xFF, 0xFF, 0xFF], "expected 4294967295"),
  BadPickle("string of 4 GiB", P.start ++ [0x54, 0xFF, 0xFF, 0xFF, 0xFF], "expected 4294967295"),
  BadPickle("bytes of 4 GiB", P.start ++ [0x42, 0xFF, 0xFF, 0xFF, 0xFF], "expected 4294967295"),
  BadPickle("long of 255", P.start ++ [0x8A, 0xFF], "found 0 bytes left; expected 255"),
  BadPickle("text not UTF-8", P.start ++ [0x8C, 1, 0xFF] ++ P.stop, "a text that is not UTF-8"),
  BadPickle("name without end", P.start ++ [0x63, 0x61], "no line end within"),
  BadPickle("memo", P.start ++ P.get(7) ++ P.stop, "found memo 7 empty"),
  BadPickle("long memo", P.start ++ [0x6A, 1, 2, 3, 4], "found memo 67305985 empty"),
  BadPickle("put nothing", P.start ++ P.put(0), "found an empty stack"),
  BadPickle("tuple without mark", P.start ++ P.tuple, "found no mark"),
  BadPickle("tuple1 of nothing", P.start ++ P.tuple1, "found an empty stack"),
  BadPickle("pop below a mark", P.start ++ P.none ++ P.mark ++ P.tuple1, "found an empty stack"),
  BadPickle("append to none", P.start ++ P.none ++ P.none ++ P.append, "found items for None"),
  BadPickle("set in a list", P.start ++ P.emptyList ++ P.none ++ P.none ++ P.setItem, "for a list"),
  BadPickle(
    "odd items", P.start ++ P.emptyDict ++ P.mark ++ P.text("a") ++ P.setItems, "1 keys and values"),
  BadPickle(
    "object without a class", P.start ++ P.none ++ P.emptyTuple ++ [0x81], "a call of None"),
  BadPickle("bytes of 2^63", P.start ++ [0x8E] ++ [UInt8](repeating: 0xFF, count: 8), "2^63 - 1"),
  BadPickle("negative long", P.start ++ [0x8B, 0xFF, 0xFF, 0xFF, 0xFF], "expected 0 to 2^63 - 1"),
  BadPickle("call none", P.start ++ P.none ++ P.emptyTuple ++ P.reduce, "found a call of None"),
  BadPickle(
    "call a storage type", P.start ++ P.global("torch", "FloatStorage") ++ P.emptyTuple ++ P.reduce,
    "found a call of a storage of F32 with 0 arguments"),
  BadPickle(
    "OrderedDict of None",
    P.start ++ P.global("collections", "OrderedDict") ++ P.none ++ P.tuple1 ++ P.reduce,
    "found an OrderedDict of None"),
  BadPickle("attributes of a list", P.start ++ P.emptyList ++ P.emptyDict ++ P.build, "of a list"),
  BadPickle("attributes None", P.start ++ P.emptyDict ++ P.none ++ P.build, "attributes of a dict"),
]

private let limits: [BadPickle] = [
  BadPickle(
    "deep tuples", P.start ++ P.none ++ [UInt8](repeating: 0x85, count: 1_000_000),
    "found a deeper nesting; expected at most 32"),
  BadPickle(
    "deep lists",
    P.start ++ [UInt8](repeating: 0x5D, count: 100) ++ [UInt8](repeating: 0x61, count: 99)
      ++ P.stop,
    "found a deeper nesting"),
  BadPickle(
    "deep dicts",
    P.start ++ (0..<100).flatMap { _ in P.emptyDict ++ P.text("a") }
      ++ (0..<100).flatMap { _ in P.setItem }, "found"),
  BadPickle(
    "list in itself", P.start ++ P.emptyList ++ P.put(0) ++ P.get(0) ++ P.append,
    "found a container in itself"),
  BadPickle(
    "ring of lists",
    P.start ++ P.emptyList ++ P.put(0) ++ P.emptyList ++ P.put(1) ++ P.append ++ P.get(1)
      ++ P.get(0)
      ++ P.append, "found items for a list; expected for a list still open"),
  BadPickle(
    "dict in itself", P.start ++ P.emptyDict ++ P.put(0) ++ P.text("a") ++ P.get(0) ++ P.setItem,
    "found a container in itself"),
  BadPickle("stack", P.start ++ [UInt8](repeating: 0x4E, count: 20_000), "found a larger stack"),
  BadPickle("marks", P.start ++ [UInt8](repeating: 0x28, count: 20_000), "found a larger stack"),
  BadPickle(
    "doubling tuples",
    P.start ++ P.emptyTuple ++ (0..<40).flatMap { _ in P.put(0) ++ P.get(0) ++ P.tuple2 },
    "found a deeper nesting"),
  BadPickle(
    "opcodes", P.start ++ P.none ++ (0..<2_000_000).flatMap { _ in P.put(0) },
    "found more opcodes"),
  BadPickle(
    "opcodes in lists",
    P.start ++ P.emptyList ++ (0..<1_100_000).flatMap { _ in P.emptyList ++ P.append },
    "found more opcodes"),
  BadPickle(
    "tensors",
    P.start ++ P.storage(count: 1) ++ P.put(0) ++ P.emptyTuple ++ P.put(1) ++ P.tuple2
      ++ P.emptyList
      ++ (0...10_000).flatMap { _ in
        P.global("torch._utils", "_rebuild_tensor") ++ P.mark ++ P.get(0) ++ [0x4B, 0] ++ P.get(1)
          ++ P.get(1) ++ P.tuple ++ P.reduce ++ P.append
      }, "found more tensors; expected at most 10000"),
]

private let tensors: [BadPickle] = [
  BadPickle("past the end", P.dict(P.tensor(shape: [2, 3], strides: [3, 1])), "element 5 of"),
  BadPickle("offset", P.dict(P.tensor(offset: 1)), "found element 4 of a storage of 4"),
  BadPickle("stride", P.dict(P.tensor(strides: [3, 1])), "found element 4 of a storage of 4"),
  BadPickle("negative offset", P.dict(P.tensor(offset: -1)), "negative offset or stride"),
  BadPickle("negative stride", P.dict(P.tensor(offset: 3, strides: [-2, -1])), "negative offset"),
  BadPickle("negative size", P.dict(P.tensor(shape: [-2, 2])), "shape [-2, 2], negative"),
  BadPickle(
    "overflowing shape", P.dict(P.tensor(shape: [1 << 32, 1 << 32], strides: [0, 0])), "too large"),
  BadPickle(
    "overflowing stride", P.dict(P.tensor(strides: [Int.max, Int.max])), "that overflow"),
  BadPickle("huge offset", P.dict(P.tensor(offset: Int.max)), "that overflow"),
  BadPickle("sizes and strides", P.dict(P.tensor(strides: [1])), "2 sizes and 1 strides"),
  BadPickle(
    "64 axes",
    P.dict(
      P.tensor(
        shape: [Int](repeating: 1, count: 65), strides: [Int](repeating: 1, count: 65))),
    "65 sizes"),
  BadPickle(
    "much memory", P.dict(P.tensor(shape: [1 << 20, 1 << 20], strides: [0, 0])),
    "tensor 'w': found views that need"),
  BadPickle(
    "shape of None",
    P.dict(
      P.global("torch._utils", "_rebuild_tensor") ++ P.mark
        ++ P.storage(count: 4) ++ P.int(0) ++ P.none ++ P.none ++ P.tuple ++ P.reduce),
    "found a tensor of a storage, an int, None, None"),
  BadPickle("no storage", P.dict(P.tensor(storage: P.none)), "found a tensor of None"),
  BadPickle("storage count", P.dict(P.tensor(count: 5)), "found 16 bytes; expected 20"),
  BadPickle("negative count", P.dict(P.tensor(count: -1)), "found another persistent id"),
  BadPickle("huge count", P.dict(P.tensor(count: Int.max)), "found another persistent id"),
  BadPickle(
    "missing storage", P.dict(P.tensor(storage: P.storage("1", count: 4))),
    "zip: found no entry 'a/data/1'"),
  BadPickle(
    "storage outside", P.dict(P.tensor(storage: P.storage("../../x", count: 4))),
    "zip: found no entry 'a/data/../../x'"),
  BadPickle(
    "view",
    P.dict(
      P.tensor(
        storage: P.storage(
          count: 4, view: P.mark ++ P.text("v") ++ P.int(2) ++ P.int(3) ++ P.tuple))),
    "found a view outside"),
  BadPickle(
    "two types",
    P.dict(
      P.tensor(
        storage: P.storage(count: 4) ++ P.put(0)
          ++ P.mark ++ P.storage(count: 2, type: "DoubleStorage") ++ P.tuple)),
    "found storage '0' in two sizes or types"),
  BadPickle(
    "module id", P.dict(P.text("module") ++ P.tuple1 ++ P.persistentID), "another persistent"),
  BadPickle(
    "double name",
    P.start ++ P.emptyDict ++ P.mark ++ P.text("w") ++ P.tensor() ++ P.text("w") ++ P.tensor()
      ++ P.setItems ++ P.stop, "tensor 'w': found it twice"),
  BadPickle(
    "negated",
    P.dict(
      P.global("torch._utils", "_rebuild_tensor_v2") ++ P.mark
        ++ P.storage(count: 4) ++ P.int(0) ++ P.ints([4]) ++ P.ints([1]) ++ [0x89] ++ P.emptyDict
        ++ P.emptyDict ++ P.text("neg") ++ [0x88] ++ P.setItem ++ P.tuple ++ P.reduce),
    "found a negated or conjugated view"),
  BadPickle(
    "another class",
    P.dict(
      P.global("torch._tensor", "_rebuild_from_type_v2") ++ P.mark
        ++ P.global("collections", "OrderedDict") ++ P.global("torch", "Tensor") ++ P.emptyTuple
        ++ P.none ++ P.tuple ++ P.reduce), "found a tensor of another class"),
]

@Suite struct HostilePickleTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private let floats: [UInt8] = [Float](arrayLiteral: 1, 2, 3, 4).flatMap {
    littleEndian($0.bitPattern)
  }

  @Test func theGoodOneIsRead() throws {
    let path = try folder.write(
      ZipBuilder(pickle: P.dict(P.tensor()), storages: ["0": floats]).bytes)
    let archive = try WeightFile.read(path)
    #expect(archive.facts == ["w f32 [2, 2] \(floats)"])
  }

  @Test(arguments: opcodes + globals + shape + limits + tensors)
  func badPickleIsRefused(_ bad: BadPickle) throws {
    let path = try folder.write(ZipBuilder(pickle: bad.pickle, storages: ["0": floats]).bytes)
    let message = try #require(refusal(path))
    #expect(message.contains(bad.message), "\(message)")
  }

  /// Batches of items, a view of a root storage and Python 2's OrderedDict, as old files have them.
  @Test func rarerFormsAreRead() throws {
    let view = P.mark ++ P.text("v") ++ P.int(2) ++ P.int(2) ++ P.tuple
    let window = P.tensor(shape: [2], strides: [1], storage: P.storage(count: 4, view: view))
    let pairs =
      P.emptyList ++ P.emptyList ++ [0x55, 1, 0x61] ++ P.append ++ P.tensor() ++ P.append
      ++ P.append
    let pickle =
      P.start ++ P.global("collections", "OrderedDict") ++ pairs ++ P.tuple1 ++ P.reduce
      ++ P.mark ++ P.text("b") ++ window ++ P.setItems ++ P.mark ++ P.text("c") ++ P.tensor()
      ++ P.setItems
      ++ P.emptyDict ++ P.build ++ P.stop
    let path = try folder.write(ZipBuilder(pickle: pickle, storages: ["0": floats]).bytes)
    let archive = try WeightFile.read(path)
    #expect(archive.tensors.map(\.name) == ["a", "b", "c"])
    #expect(archive["b"]?.bytes.array == Array(floats[8...]))
  }

  /// Bytes of good files changed at random: read or refused with one line, never a crash.
  @Test(arguments: ["views_zip", "views_legacy", "state_dict_legacy", "wrapped_state_dict_zip"])
  func mutatedFilesDoNoHarm(_ name: String) throws {
    let good = try contents(Repository.fixture("pth") + "/\(name).pth")
    var refused = 0
    for trial in 0..<2_000 {
      var random = CounterRandom(.test, seed: 7, trial)
      var bytes = good
      for _ in 0...random.integer(below: 4) {
        bytes[random.integer(below: bytes.count)] = UInt8(random.integer(below: 256))
      }
      if refusal(try folder.write(bytes)) != nil { refused += 1 }
    }
    #expect(refused > 400)
  }

  /// The same inside the pickle of a zip file whose checksums are right.
  @Test func mutatedPicklesDoNoHarm() throws {
    let good = P.dict(P.tensor(shape: [2], strides: [2]))
    var refused = 0
    for trial in 0..<5_000 {
      var random = CounterRandom(.test, seed: 8, trial)
      var pickle = good
      for _ in 0...random.integer(below: 3) {
        pickle[random.integer(below: pickle.count)] = UInt8(random.integer(below: 256))
      }
      let path = try folder.write(ZipBuilder(pickle: pickle, storages: ["0": floats]).bytes)
      if refusal(path) != nil { refused += 1 }
    }
    #expect(refused > 3_000)
  }
}
