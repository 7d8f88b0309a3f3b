import FuzzedReaders
import Glibc

/// The reader that the variable FUZZED_READER names.
private let reader: FuzzedReader = {
  let name = getenv("FUZZED_READER").map { String(cString: $0) } ?? "nothing"
  guard let reader = FuzzedReader(rawValue: name) else {
    fatalError("FUZZED_READER: found \(name); expected one of \(FuzzedReader.allCases)")
  }
  return reader
}()

/// libFuzzer's entry: one input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  reader.read(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
