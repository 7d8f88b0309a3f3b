import Files
import TestSupport
import Testing
import WeightFiles

/// Files as `torch.save` writes them. PyTorch itself reads one in EndToEndTests.
@Suite struct TorchWriterTests {
  /// Every type that PyTorch has, odd shapes, a scalar and an empty tensor come back as they were.
  @Test func whatIsWrittenIsRead() throws {
    let folder = try TemporaryFolder()
    let types = ElementType.allCases.filter { $0 != .u32 && $0 != .u64 }
    let tensors = types.enumerated().flatMap { index, type in
      [[2, 3, 5], [], [7], [4, 0]].map { shape in
        let count = shape.reduce(type.byteCount, *)
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ index) }
        return StoredTensor(
          name: "\(type).\(shape.count).\u{e9}", elementType: type, shape: shape,
          bytes: ByteRegion(copying: bytes))
      }
    }
    let path = folder.path + "/weights.pth"
    for part in [tensors, Array(tensors.prefix(1))] {
      try AtomicFile().writeTorch(TensorArchive(tensors: part), to: path)
      let found = try WeightFile.read(path).tensors
      #expect(found.map(\.name) == part.map(\.name))
      #expect(found.map(\.shape) == part.map(\.shape))
      #expect(found.map(\.elementType) == part.map(\.elementType))
      #expect(found.map(\.bytes.array) == part.map(\.bytes.array))
    }
    #expect(try folder.names == ["weights.pth"])
  }

  @Test func typesThatPyTorchHasNotAreRefused() throws {
    let folder = try TemporaryFolder()
    let tensor = StoredTensor(
      name: "counts", elementType: .u64, shape: [1], bytes: ByteRegion(copying: [UInt64(1)]))
    let error = #expect(throws: FileError.self) {
      try AtomicFile().writeTorch(TensorArchive(tensors: [tensor]), to: folder.path + "/a.pth")
    }
    #expect(error?.description.contains("counts") == true)
    #expect(try folder.names.isEmpty)
  }
}
