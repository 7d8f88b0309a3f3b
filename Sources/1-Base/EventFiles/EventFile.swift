import Files
import Foundation

/// A file of events that TensorBoard reads: TFRecord frames around TensorFlow's Event messages.
///
/// Each start of a run opens a file of its own; TensorBoard joins those of one folder. What could
/// not be written (a full disk) is left out and counted: pictures of a run are no reason to end it.
package final class EventFile {
  private let file: RecordFile
  /// Events that could not be written; those after them could, if there was room again.
  package private(set) var lostCount = 0

  /// Opens a new file in a folder, which is made if missing; nil if that cannot be.
  ///
  /// - Parameters:
  ///   - folder: what is given to `tensorboard --logdir`, or a folder in it.
  ///   - firstStep: events at or after it that an earlier start wrote count no longer.
  ///   - files: the calls on files.
  package init?(folder: String, firstStep: Int = 0, files: FileStore = FileStore()) {
    let seconds = Int(Date().timeIntervalSince1970)
    var made: RecordFile?
    do {
      try files.makeFolder(folder)
      for number in 0..<Self.nameLimit where made == nil {
        made = try RecordFile(
          new: "\(folder)/events.out.tfevents.\(seconds).rdd.\(number)", files: files)
      }
    } catch {
      return nil
    }
    guard let file = made else { return nil }
    self.file = file
    var version = ProtocolBuffer()
    version.add(3, "brain.Event:2")
    write(version)
    guard firstStep > 0 else { return }
    var start = ProtocolBuffer()
    start.add(1, Int64(1))
    var event = ProtocolBuffer()
    event.add(2, Int64(firstStep))
    event.add(7, start)
    write(event)
  }

  /// Starts within one second that find a name.
  private static let nameLimit = 1000

  /// Adds numbers at a step, by tag. A tag's part before `/` is its group.
  package func add(scalars: [(tag: String, value: Double)], step: Int) {
    guard !scalars.isEmpty else { return }
    var summary = ProtocolBuffer()
    for scalar in scalars {
      var value = ProtocolBuffer()
      value.add(1, scalar.tag)
      value.add(2, Float(scalar.value))
      summary.add(1, value)
    }
    write(summary: summary, step)
  }

  /// Adds a histogram at a step.
  package func add(_ histogram: EventHistogram, tag: String, step: Int) {
    var value = ProtocolBuffer()
    value.add(1, tag)
    value.add(5, histogram.message)
    var summary = ProtocolBuffer()
    summary.add(1, value)
    write(summary: summary, step)
  }

  /// Adds a picture at a step.
  ///
  /// - Parameters:
  ///   - png: the bytes of an RGB PNG file.
  ///   - size: its height and width in pixels.
  ///   - tag: the name under which TensorBoard shows it.
  ///   - step: the iteration.
  package func add(png: [UInt8], size: (height: Int, width: Int), tag: String, step: Int) {
    var image = ProtocolBuffer()
    image.add(1, Int64(size.height))
    image.add(2, Int64(size.width))
    image.add(3, Int64(3))
    image.add(4, png)
    var value = ProtocolBuffer()
    value.add(1, tag)
    value.add(4, image)
    var summary = ProtocolBuffer()
    summary.add(1, value)
    write(summary: summary, step)
  }

  private func write(summary: ProtocolBuffer, _ step: Int) {
    var event = ProtocolBuffer()
    event.add(2, Int64(step))
    event.add(5, summary)
    write(event)
  }

  /// A frame: length, its checksum, the event with the time, its checksum.
  private func write(_ event: ProtocolBuffer) {
    var timed = ProtocolBuffer()
    timed.add(1, Date().timeIntervalSince1970)
    let data = timed.bytes + event.bytes
    let length = withUnsafeBytes(of: UInt64(data.count).littleEndian) { Array($0) }
    var frame = length
    withUnsafeBytes(of: CRC32C.masked(length).littleEndian) { frame.append(contentsOf: $0) }
    frame += data
    withUnsafeBytes(of: CRC32C.masked(data).littleEndian) { frame.append(contentsOf: $0) }
    do { try file.append(frame) } catch { lostCount += 1 }
  }
}
