import Files
import TestSupport
import Testing
import WeightFiles

@Suite struct SafetensorsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func roundTrip(_ archive: TensorArchive) throws -> TensorArchive {
    let path = folder.path + "/a.safetensors"
    try AtomicFile().writeAtomically(archive, to: path)
    return try WeightFile.read(path)
  }

  @Test(
    arguments: ElementType.allCases,
    [[], [0], [1], [7], [2, 3], [3, 0, 2], [2, 1, 3, 2]] as [[Int]])
  func everyTypeAndShapeReturns(_ type: ElementType, _ shape: [Int]) throws {
    let count = shape.reduce(type.byteCount, *)
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
    let tensor = StoredTensor(
      name: "t", elementType: type, shape: shape, bytes: ByteRegion(copying: bytes))
    let result = try #require(try roundTrip(TensorArchive(tensors: [tensor]))["t"])
    #expect(result.elementType == type)
    #expect(result.shape == shape)
    #expect(result.bytes.array == bytes)
    #expect(result.elementCount == shape.reduce(1, *))
  }

  @Test func orderNamesAndMetadataReturn() throws {
    let names = ["z", "a", "", "a b", "quote\"\\/\n\t\u{1}", "\u{E9}\u{1F600}", "__meta__"]
    let tensors = names.enumerated().map { index, name in
      StoredTensor(
        name: name, elementType: ElementType.allCases[index], shape: [3],
        bytes: ByteRegion(
          copying: [UInt8](
            repeating: UInt8(index), count: 3 * ElementType.allCases[index].byteCount)))
    }
    let metadata = ["iteration": "12", "odd \"\\\u{7}": "\u{E9}\n\u{1F600}", "": ""]
    let archive = TensorArchive(tensors: tensors, metadata: metadata)
    let result = try roundTrip(archive)
    #expect(result.facts == archive.facts)
    #expect(result.metadata.filter { !$0.key.hasSuffix("_xxh3_128") } == metadata)
    #expect(result.metadata["data_xxh3_128"]?.count == 32)
  }

  @Test func anEmptyArchiveReturns() throws {
    #expect(try roundTrip(TensorArchive(tensors: [])).tensors.isEmpty)
  }

  /// The test vector of XXH3 with 128 bits for no input, seed 0.
  @Test func theHashIsXXH3() throws {
    let archive = try roundTrip(TensorArchive(tensors: []))
    #expect(archive.metadata["data_xxh3_128"] == "99aa06d3014798d86001c324468d497f")
  }

  @Test func dataAreAligned() throws {
    let archive = TensorArchive(
      tensors: [(ElementType.u8, 3), (.f64, 1), (.f16, 3), (.bool, 1), (.f32, 1)].map {
        type, count in
        StoredTensor(
          name: "\(type)", elementType: type, shape: [count],
          bytes: ByteRegion(copying: [UInt8](repeating: 7, count: count * type.byteCount)))
      })
    let path = folder.path + "/a.safetensors"
    try AtomicFile().writeAtomically(archive, to: path)
    let file = try contents(path)
    let length = file[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    #expect(length % 8 == 0)
    for tensor in try WeightFile.read(path).tensors {
      tensor.bytes.withUnsafeBytes { bytes in
        #expect(Int(bitPattern: bytes.baseAddress) % tensor.elementType.byteCount == 0)
      }
    }
  }

  @Test func borrowedMemoryIsWritten() throws {
    final class Owner: Sendable {
      nonisolated(unsafe) let memory = UnsafeMutableRawBufferPointer.allocate(
        byteCount: 8, alignment: 8)
      deinit { memory.deallocate() }
    }
    let owner = Owner()
    owner.memory.copyBytes(from: [1, 2, 3, 4, 5, 6, 7, 8])
    let bytes = ByteRegion(borrowing: UnsafeRawBufferPointer(owner.memory), from: owner)
    let archive = TensorArchive(
      tensors: [StoredTensor(name: "t", elementType: .f64, shape: [], bytes: bytes)])
    #expect(try roundTrip(archive)["t"]?.bytes.array == [1, 2, 3, 4, 5, 6, 7, 8])
  }

  @Test func theReferenceLibrarysFileIsRead() throws {
    let archive = try WeightFile.read(Repository.fixture("safetensors") + "/reference.safetensors")
    #expect(archive.metadata == ["format": "pt", "quote\"\\\n": "\u{E9}"])
    let types: [(String, ElementType)] = [
      ("float64", .f64), ("float32", .f32), ("float16", .f16), ("bfloat16", .bf16), ("int64", .i64),
      ("int32", .i32), ("int16", .i16), ("int8", .i8), ("uint8", .u8), ("uint32", .u32),
      ("uint64", .u64),
    ]
    #expect(archive.tensors.count == types.count + 3)
    for (index, (name, type)) in types.enumerated() {
      let tensor = try #require(archive[name])
      #expect(tensor.elementType == type)
      #expect(tensor.shape == [2, 3])
      #expect(tensor.bytes.array == (index..<index + 6 * type.byteCount).map { UInt8($0) })
    }
    #expect(archive["bool"]?.bytes.array == [0, 1, 1, 0, 1, 0])
    #expect(archive["scalar"]?.shape == [])
    #expect(archive["empty"]?.shape == [0, 3])
  }
}
