import Files
import Foundation
import Logging

/// Log lines as people read them: time in UTC, the level if it is not plain information, the text.
/// One that cannot be written is lost (`Console`), and the run goes on.
struct LineLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let time = Date().formatted(.iso8601)
    let level = event.level == .info ? "" : "\(event.level): "
    Console.say("\(time) \(level)\(event.message)")
  }
}
