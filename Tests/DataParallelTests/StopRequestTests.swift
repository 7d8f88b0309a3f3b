import Glibc
import TestSupport
import Testing

/// What signals do to a process, at the start and in the loop.
@Suite(.serialized) struct StopRequestTests {
  @Test(arguments: [
    (SIGTERM, 143), (SIGINT, 130), (SIGHUP, 129), (SIGXCPU, 152), (SIGUSR1, 75), (SIGUSR2, 75),
  ])
  func aSignalWithoutALoopIsTheEnd(signal: Int32, code: Int) throws {
    let result = try MPIRun.run(
      ranks: nil, program: "rank-program", arguments: ["stop-early", "\(signal)"])
    #expect(Int(result.exitCode) == code && !result.timedOut, "\(result)")
  }

  @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU])
  func aSignalInTheLoopIsAWish(signal: Int32) throws {
    #expect(try RankCase.failure("stop-wish", ["\(signal)"], ranks: nil) == nil)
  }

  @Test(arguments: [(SIGTERM, 143), (SIGINT, 130)])
  func aSecondSignalIsTheEnd(signal: Int32, code: Int) throws {
    let result = try MPIRun.run(
      ranks: nil, program: "rank-program", arguments: ["stop-twice", "\(signal)"])
    #expect(Int(result.exitCode) == code && !result.timedOut, "\(result)")
  }

  /// Beyond its limit of processor time a process gets SIGXCPU each second.
  @Test(arguments: [SIGUSR1, SIGUSR2, SIGXCPU])
  func aSecondWishOfASchedulerIsNone(signal: Int32) throws {
    #expect(try RankCase.failure("stop-twice", ["\(signal)"], ranks: nil) == nil)
  }

  /// As below nohup, and in the background of a shell without job control.
  @Test func whatWasIgnoredStaysIgnored() throws {
    #expect(try RankCase.failure("stop-ignored", ["\(SIGHUP)", "\(SIGINT)"], ranks: nil) == nil)
  }

  @Test func aBrokenPipeIsNoEnd() throws {
    #expect(try RankCase.failure("broken-pipe", ranks: nil) == nil)
  }

  @Test func linesThatCannotBeWrittenAreCounted() throws {
    #expect(try RankCase.failure("console", ranks: nil) == nil)
  }
}
