import Host
import Testing

/// What the kernel tells of processes.
@Suite struct ProcessStatusTests {
  private let text =
    "Name:\ta b\nUid:\t501\t502\t503\t504\nVmHWM:\t   300 kB\nCpus_allowed:\tf,00000003\n"
    + "Cpus_allowed_list:\t0-1,32-35\nEmpty:\t\n"

  @Test func valuesAreWithoutBlanks() {
    let status = ProcessStatus(text: text)
    #expect(status["Name"] == "a b" && status["Empty"] == "" && status["Nothing"] == nil)
    // No key is the beginning of another.
    #expect(status["Cpus_allowed"] == "f,00000003" && status["Cpus"] == nil)
    #expect(status["Cpus_allowed_list"] == "0-1,32-35")
  }

  @Test func numbersAndMemory() {
    let status = ProcessStatus(text: text)
    #expect(status.number("Uid") == 501 && status.number("Name") == nil)
    #expect(status.bytes("VmHWM") == 300 << 10 && status.bytes("VmSize") == nil)
  }

  @Test func processesByNumber() throws {
    try FakeHost.with(["/proc/7/status": text]) { host in
      #expect(ProcessStatus("7", host.files).number("Uid") == 501)
      #expect(ProcessStatus("8", host.files)["Name"] == nil)
    }
    #expect(ProcessStatus().bytes("VmHWM") ?? 0 > 0)
  }
}
