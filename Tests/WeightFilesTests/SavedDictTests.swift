import Files
import TestSupport
import Testing
import WeightFiles

private typealias P = Pickle

/// A dict of `pairs`: texts and what lies under them.
private func dict(_ pairs: [(String, [UInt8])]) -> [UInt8] {
  P.emptyDict ++ P.mark ++ pairs.flatMap { P.text($0.0) ++ $0.1 } ++ P.setItems
}

/// What `module.name()` would make, and what Python would then put into it.
private func object(_ module: String, _ name: String) -> [UInt8] {
  P.global(module, name) ++ P.emptyTuple ++ [0x81] ++ dict([("lr", P.int(1))]) ++ P.build
}

/// Weights of one or two tensors.
private let (one, two) = (
  dict([("w", P.tensor())]), dict([("w", P.tensor()), ("v", P.tensor())])
)
private let scalar = P.tensor(shape: [], strides: [])

/// A file as somebody saves it, the key after #, and the names that it must give.
struct SavedDict: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let value: [UInt8]
  let key: String?
  let names: [String]
  let isTold: Bool

  init(
    _ description: String, _ value: [UInt8], key: String? = nil, _ names: [String] = ["w"],
    isTold: Bool = false
  ) {
    testDescription = description
    self.value = value
    self.key = key
    self.names = names
    self.isTold = isTold
  }
}

private let saved: [SavedDict] = [
  SavedDict(
    "a tutorial", dict([("epoch", P.int(3)), ("model_state_dict", one), ("loss", P.none)])),
  SavedDict("below net", dict([("net", one), ("acc", P.int(90))])),
  SavedDict("two levels", dict([("a", dict([("b", dict([("c", one)]))]))])),
  SavedDict("a best score", dict([("best", scalar), ("weights", one)])),
  SavedDict("a curve beside", dict([("losses", P.tensor()), ("ema", two)]), ["w", "v"]),
  SavedDict(
    "an optimiser",
    dict([
      ("model_state", one),
      (
        "optimizer",
        dict([
          (
            "state",
            P.emptyDict ++ P.int(0) ++ dict([("momentum_buffer", P.tensor())]) ++ P.setItem
          )
        ])
      ),
    ])),
  SavedDict("a namespace", dict([("model", one), ("args", object("argparse", "Namespace"))])),
  SavedDict(
    "a counter",
    dict([("model", one), ("s", P.global("collections", "Counter") ++ one ++ P.tuple1 ++ P.reduce)])
  ),
  SavedDict(
    "a call in a call",
    dict([("model", one), ("s", object("a", "b") ++ P.emptyTuple ++ P.reduce)])),
  SavedDict(
    "a set, filled", dict([("model", one), ("s", [0x8F] ++ P.mark ++ P.text("a") ++ [0x90])])),
  SavedDict("a frozenset", dict([("model", one), ("s", P.mark ++ P.text("a") ++ [0x91])])),
  SavedDict("a bytearray", dict([("model", one), ("s", [0x96, 1, 0, 0, 0, 0, 0, 0, 0, 0x61])])),
  SavedDict("a type", dict([("model", one), ("s", P.global("torch", "float32"))])),
  SavedDict(
    "a number of 70 bits", dict([("model", one), ("s", [0x8B, 9, 0, 0, 0] ++ [UInt8](1...9))])),
  SavedDict(
    "keys that are no names",
    dict([
      (
        "x",
        P.emptyDict ++ P.mark ++ [0x88] ++ P.none ++ P.emptyTuple ++ P.none ++ P.none ++ P.none
          ++ P.setItems
      ), ("model", one),
    ])),
  SavedDict(
    "a list that was filled by a call",
    dict([("model", one), ("s", object("a", "b") ++ P.text("x") ++ P.append)])),
  SavedDict(
    "complex numbers beside",
    dict([
      ("model", one),
      ("c", P.tensor(storage: P.storage("9", count: 4, type: "ComplexFloatStorage"))),
    ])),
  SavedDict("an int among tensors", dict([("w", P.tensor()), ("epoch", P.int(3))])),
  SavedDict("None among tensors", dict([("w", P.tensor()), ("head._extra_state", P.none)])),
  SavedDict("only a scalar", dict([("w", scalar)])),
  SavedDict("the same dict twice", dict([("student", one ++ P.put(9)), ("teacher", P.get(9))])),
  SavedDict("model of two", dict([("model", one), ("model_ema", two)]), isTold: true),
  SavedDict(
    "the other", dict([("model", one), ("model_ema", two)]), key: "model_ema", ["w", "v"]),
  SavedDict(
    "the one dict below a key",
    dict([("student", dict([("state_dict", one)])), ("teacher", dict([("state_dict", two)]))]),
    key: "student"),
  SavedDict(
    "a whole path",
    dict([("student", dict([("state_dict", one)])), ("teacher", dict([("state_dict", two)]))]),
    key: "teacher.state_dict", ["w", "v"]),
  SavedDict(
    "names below a key",
    dict([("student.w", P.tensor()), ("teacher.w", P.tensor()), ("student.b.c", P.tensor())]),
    key: "student", ["w", "b.c"]),
]

private let unclear: [BadPickle] = [
  BadPickle(
    "two", dict([("student", one), ("teacher", two)]),
    "found 'student' of 1 tensors, 'teacher' of 2 tensors; expected one dict of tensors; choose one as"
  ),
  BadPickle(
    "an object among tensors",
    dict([("w", P.tensor()), ("x", object("argparse", "Namespace"))]),
    "entry 'x': found an object of 'argparse.Namespace'; expected a tensor; nothing was run"
  ),
  BadPickle(
    "arrays", dict([("w", object("numpy.core.multiarray", "_reconstruct"))]),
    "found an object of 'numpy.core.multiarray._reconstruct' under a str; expected tensors under names"
  ),
  BadPickle(
    "a whole model", object("segmentation.models", "Net"),
    "found an object of 'segmentation.models.Net'; expected a state_dict; nothing was run"),
  BadPickle(
    "tensors under numbers", P.emptyDict ++ P.int(1) ++ P.tensor() ++ P.setItem,
    "entry '1': found a tensor under an int"),
]

/// What `torch.save` is given: weights at any place, beside anything.
@Suite struct SavedDictTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func file(_ value: [UInt8]) throws -> String {
    let floats = [Float](arrayLiteral: 1, 2, 3, 4).flatMap { littleEndian($0.bitPattern) }
    return try folder.write(
      ZipBuilder(pickle: P.start ++ value ++ P.stop, storages: ["0": floats]).bytes)
  }

  @Test(arguments: saved)
  func weightsAreFound(_ saved: SavedDict) throws {
    let path = try file(saved.value)
    let archive = try WeightFile.read(path + (saved.key.map { "#" + $0 } ?? ""))
    #expect(archive.tensors.map(\.name) == saved.names)
    #expect(archive.notes.count == (saved.isTold ? 1 : 0), "\(archive.notes)")
  }

  @Test(arguments: unclear)
  func whatIsUnclearIsSaid(_ bad: BadPickle) throws {
    let message = try #require(refusal(try file(bad.pickle)))
    #expect(message.contains(bad.message), "\(message)")
  }

  @Test func aKeyThatIsNotThereIsSaid() throws {
    let path = try file(dict([("student", one), ("teacher", two)]))
    let message = try #require(refusal(path + "#pupil"))
    #expect(message.contains("'student' of 1 tensors, 'teacher' of 2 tensors"), "\(message)")
    let flat = try file(dict([("student.w", P.tensor()), ("teacher.w", P.tensor())]))
    let other = try #require(refusal(flat + "#pupil"))
    #expect(other.contains("found nothing under 'pupil'; expected one of 'student', 'teacher'"))
  }

  /// A file whose own name holds the sign is that file; a folder before it is none.
  @Test func aNameMayHoldTheSign() throws {
    let bytes = try contents(file(one))
    #expect(try WeightFile.read(try folder.write(bytes, as: "a#b")).tensors.count == 1)
    let place = WeightPlace("\(folder.path)#x/none")
    #expect(place == WeightPlace(path: "\(folder.path)#x/none"))
  }

  @Test(arguments: [
    ("<!DOCTYPE html><html>", "a web page"), ("\n <html>", "a web page"),
    ("version https://git-lfs.github.com/spec/v1\noid sha256:0", "a Git LFS pointer"),
    ("\u{1F}\u{8B}", "a gzip file"), ("BZh91AY", "a bzip2 file"), ("(\u{B5}/\u{FD}", "a zstd file"),
    (String(repeating: "a", count: 257) + "ustar\u{0}", "a tar archive"),
    ("\u{93}NUMPY", "a numpy array"), ("\u{89}HDF\r\n\u{1A}\n", "an HDF5 file"),
    ("<?xml version", "an XML answer"), ("GGUF\u{3}\0\0\0", "a GGUF file"),
  ])
  func otherKindsAreNamed(start: String, name: String) throws {
    let bytes = start.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    let path = try folder.write(bytes + [UInt8](repeating: 0x20, count: 600))
    let message = try #require(refusal(path))
    #expect(message.contains("found \(name) of "), "\(message)")
  }
}
