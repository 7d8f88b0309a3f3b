import Datasets
import Files
import Foundation
import Host
import ImageIO
import Steps
import Testing
import Tools

/// Limits of a shell under which nothing can be done, or not everything.
@Suite struct HostRequirementsTests {
  private func refusal(files: HostLimit? = nil, stack: Int? = nil) -> String? {
    HostRequirements.refusal(files: files, stack: stack, host: "h")
  }

  @Test func tooFewFilesAreRefused() {
    func limit(_ most: Int) -> HostLimit { HostLimit("ulimit -n", most: most, used: 3) }
    #expect(
      refusal(files: limit(16))
        == "open files: h: found 13 more allowed (ulimit -n: 16, its hard limit too); expected at "
        + "least 32; raise it")
    #expect(refusal(files: limit(34)) != nil && refusal(files: limit(35)) == nil)
  }

  @Test func aSmallStackIsRefused() {
    #expect(
      refusal(stack: 128 << 10)
        == "stack: h: found 128 KiB a thread (ulimit -s: 128); expected at least 256 KiB; raise it, "
        + "for example by ulimit -s 8192")
    #expect(refusal(stack: 256 << 10) == nil && refusal(stack: nil) == nil)
  }

  /// The limit is the host's, and nothing is wrong with the file that met it.
  @Test func aFileTooManyIsNoFaultOfTheData() async {
    await #expect(processExitsWith: .exitCode(69)) {
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      limit.rlim_cur = 0
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      var errors: [any Error] = []
      do { _ = try ImageFile.readRGB("a.png") } catch { errors.append(error) }
      do { _ = try ListFile(path: "a.txt", root: "/") } catch { errors.append(error) }
      do { _ = try WholeFile.bytes("a.yaml") } catch { errors.append(error) }
      let areTheHosts = errors.allSatisfy {
        TrainingError.exitCode(of: $0) == 69 && "\($0)".contains("ulimit -n")
      }
      _exit(errors.count == 3 && areTheHosts ? 69 : 1)
    }
  }
}
