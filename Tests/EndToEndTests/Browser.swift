import Foundation
import TestSupport

/// Chromium without a window, spoken to over its DevTools pipe.
final class Browser {
  /// What a page did when it was loaded.
  struct Visit {
    /// Console messages, errors and the browser's own complaints.
    var messages: [String] = []
    /// Addresses that were asked for and are neither the page itself nor inside it.
    var requests: [String] = []
    /// The value of the expression that was asked for.
    var value: [String: Any] = [:]
    /// What a screen reader finds of pictures, charts, tables and controls, and cannot name.
    var nameless: [String] = []
    /// How many of these it can name.
    var namedCount = 0
    /// The whole page as PNG.
    var picture = Data()
  }

  /// What goes wrong between test and browser.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// `RDD_CHROMIUM`, or the first of the usual names on the `PATH`; nil if there is none.
  static let path: String? = {
    let environment = ProcessInfo.processInfo.environment
    if let path = environment["RDD_CHROMIUM"] { return path }
    let folders = (environment["PATH"] ?? "").split(separator: ":")
    return ["chromium", "chromium-browser", "google-chrome"].flatMap { name in
      folders.map { "\($0)/\(name)" }
    }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  private let pid: pid_t
  private let commands: FileHandle
  private let answers: Int32
  private var unread = Data()
  private var number = 0
  /// Events that came before the answer that was waited for.
  private var events: [[String: Any]] = []
  private let deadline: Double

  /// Starts the browser with a profile of its own; everything together may take `seconds`.
  init(profile: URL, seconds: Double = 120) throws {
    guard let program = Self.path else { throw Failure(description: "no chromium") }
    let (toBrowser, fromBrowser) = (try Self.pipe(), try Self.pipe())
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
      posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0)
    }
    // The numbers at which Chromium looks for its pipe.
    posix_spawn_file_actions_adddup2(&actions, toBrowser.read, 3)
    posix_spawn_file_actions_adddup2(&actions, fromBrowser.write, 4)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    let arguments = [
      program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
      "--no-first-run", "--disable-background-networking", "--remote-debugging-pipe",
      "--user-data-dir=\(profile.path)",
    ]
    var argv = arguments.map { strdup($0) } + [nil]
    defer { for string in argv { free(string) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, program, &actions, &attributes, &argv, environ)
    Glibc.close(toBrowser.read)
    Glibc.close(fromBrowser.write)
    guard code == 0 else {
      throw Failure(description: "\(program): \(String(cString: strerror(code)))")
    }
    self.pid = pid
    commands = FileHandle(fileDescriptor: toBrowser.write, closeOnDealloc: true)
    answers = fromBrowser.read
    deadline = Self.now + seconds
  }

  /// Ends the browser and all its processes.
  func quit() {
    kill(-pid, SIGKILL)
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    close(answers)
  }

  /// Loads a page in a fresh tab and looks at it.
  ///
  /// - Parameters:
  ///   - page: a file.
  ///   - width: of the window, in pixels.
  ///   - scheme: light or dark.
  ///   - expression: JavaScript whose value is an object.
  func visit(_ page: URL, width: Int, scheme: String, evaluating expression: String) throws -> Visit
  {
    let target = try send("Target.createTarget", ["url": "about:blank"])
    let session = try send(
      "Target.attachToTarget", ["targetId": target["targetId"] ?? "", "flatten": true])
    guard let tab = session["sessionId"] as? String else {
      throw Failure(description: "no session: \(session)")
    }
    for domain in ["Page", "Network", "Runtime", "Log"] { try send("\(domain).enable", [:], tab) }
    let size: [String: Any] = [
      "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false,
    ]
    try send("Emulation.setDeviceMetricsOverride", size, tab)
    try send(
      "Emulation.setEmulatedMedia",
      ["features": [["name": "prefers-color-scheme", "value": scheme]]], tab)
    events = []
    try send("Page.navigate", ["url": page.absoluteString], tab)
    while !events.contains(where: { $0["method"] as? String == "Page.loadEventFired" }) {
      events.append(try receive())
    }
    var visit = Visit()
    let answer = try send(
      "Runtime.evaluate", ["expression": "(\(expression))", "returnByValue": true], tab)
    visit.value = (answer["result"] as? [String: Any])?["value"] as? [String: Any] ?? [:]
    let tree = try send("Accessibility.getFullAXTree", [:], tab)
    for node in tree["nodes"] as? [[String: Any]] ?? [] where node["ignored"] as? Bool != true {
      func text(_ key: String) -> String {
        (node[key] as? [String: Any])?["value"] as? String ?? ""
      }
      let role = text("role").lowercased()
      guard ["image", "img", "table", "slider", "checkbox", "combobox"].contains(role) else {
        continue
      }
      if text("name").isEmpty { visit.nameless.append(role) } else { visit.namedCount += 1 }
    }
    let shot = try send("Page.captureScreenshot", ["captureBeyondViewport": true], tab)
    visit.picture = (shot["data"] as? String).flatMap { Data(base64Encoded: $0) } ?? Data()
    for event in events {
      let parameters = event["params"] as? [String: Any] ?? [:]
      switch event["method"] as? String {
      case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded":
        visit.messages.append("\(parameters)")
      case "Network.requestWillBeSent":
        let url = (parameters["request"] as? [String: Any])?["url"] as? String ?? "?"
        if url != page.absoluteString, !url.hasPrefix("data:") { visit.requests.append(url) }
      default: break
      }
    }
    try send("Target.closeTarget", ["targetId": target["targetId"] ?? ""])
    return visit
  }

  @discardableResult
  private func send(
    _ method: String, _ parameters: [String: Any], _ session: String? = nil
  ) throws -> [String: Any] {
    number += 1
    var command: [String: Any] = ["id": number, "method": method, "params": parameters]
    command["sessionId"] = session
    try commands.write(contentsOf: try JSONSerialization.data(withJSONObject: command) + [0])
    while true {
      let message = try receive()
      guard message["id"] as? Int == number else {
        events.append(message)
        continue
      }
      guard let result = message["result"] as? [String: Any] else {
        throw Failure(description: "\(method): \(message)")
      }
      return result
    }
  }

  /// The next message of the browser.
  private func receive() throws -> [String: Any] {
    while true {
      if let end = unread.firstIndex(of: 0) {
        let message = unread[unread.startIndex..<end]
        unread = Data(unread[(end + 1)...])
        return try JSONSerialization.jsonObject(with: message) as? [String: Any] ?? [:]
      }
      var waiting = pollfd(fd: answers, events: Int16(POLLIN), revents: 0)
      guard Self.now < deadline, poll(&waiting, 1, 1000) >= 0 else {
        throw Failure(description: "the browser does not answer")
      }
      guard waiting.revents != 0 else { continue }
      var bytes = [UInt8](repeating: 0, count: 1 << 16)
      let count = read(answers, &bytes, bytes.count)
      guard count > 0 else { throw Failure(description: "the browser has ended") }
      unread.append(contentsOf: bytes[0..<count])
    }
  }

  private static var now: Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

  /// A pipe that other programs do not inherit, above the numbers that Chromium uses.
  private static func pipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    guard Glibc.pipe(&ends) == 0 else { throw Failure(description: "no pipe") }
    let high = ends.map { fcntl($0, F_DUPFD_CLOEXEC, 10) }
    ends.forEach { Glibc.close($0) }
    return (high[0], high[1])
  }
}
