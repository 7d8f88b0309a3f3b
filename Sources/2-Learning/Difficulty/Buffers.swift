/// Memory that grows when a step needs more and is kept for the next one.
final class Buffer<Value> {
  private var memory: UnsafeMutableRawPointer?
  private var capacity = 0

  deinit { memory?.deallocate() }

  /// Room for at least `count` values with whatever they held before.
  func reserve(_ count: Int) -> UnsafeMutablePointer<Value> {
    if let memory, count <= capacity { return memory.assumingMemoryBound(to: Value.self) }
    memory?.deallocate()
    let bytes = max(count, 1) * MemoryLayout<Value>.stride
    let fresh = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    fresh.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    memory = fresh
    capacity = count
    return fresh.assumingMemoryBound(to: Value.self)
  }
}

/// The memory of an engine that does not belong to one thread.
final class Buffers {
  let labels = Buffer<UInt8>()
  let maps = [Buffer<Float>(), Buffer<Float>(), Buffer<Float>(), Buffer<Float>()]
  let weights = Buffer<Float>()
  let boundaries = Buffer<Float>()
  let firstTable = Buffer<Float>()
  let secondTable = Buffer<Float>()
}
