import Host
import Networks
import Recipes
import Testing
import Tools

/// How much memory a run takes, and what is said where there is less.
@Suite struct MemoryNeedsTests {
  /// The outline is the network's, for each of the zoo.
  @Test(arguments: Architecture.allCases)
  func outlinesCountWhatNetworksHave(architecture: Architecture) {
    let network = SegmentationNetwork(
      architecture, classCount: 5, headWidth: 24, start: Initialisation(seed: nil))
    let outline = NetworkOutline(architecture, classCount: 5, headWidth: 24, height: 64, width: 96)
    #expect(outline.parameterCount == network.state.parameterCount)
    #expect(outline.valueCount == network.state.entries.reduce(0) { $0 + $1.tensor.count })
    let larger = NetworkOutline(architecture, classCount: 5, headWidth: 24, height: 128, width: 192)
    let ratio = Double(larger.keptBytes(byteCount: 4)) / Double(outline.keptBytes(byteCount: 4))
    #expect((3.9...4).contains(ratio))
  }

  /// Channels over squared strides, added by hand: 314.75 a pixel in the backbone, six convolutions of 128
  /// channels and the classifier at an eighth of the size, and 128 means.
  @Test func outlinesCountWhatConvolutionsGive() {
    let outline = NetworkOutline("deeplab_mobile", classCount: 11, height: 256, width: 512)
    let pixels = 256.0 * 512
    #expect(
      Double(outline.convolutionCount) == (314.75 + 6 * 128 / 64.0 + 11 / 64.0) * pixels + 128)
    // Four branches and the spread means side by side, twice over for the means; the means themselves.
    #expect(Double(outline.otherCount) == (5 * 128 + 128) / 64 * pixels + 320)
  }

  /// Each weight meets an element for each pixel that its convolution gives; pixels by the layers' names.
  @Test func outlinesCountProducts() throws {
    let network = SegmentationNetwork(
      "deeplab_mobile", classCount: 11, start: Initialisation(seed: nil))
    var products = 0
    for (name, weight) in network.state.parameters.map({ ($0.name, $0.tensor) })
    where weight.shape.count == 4 {
      let words = name.split(separator: ".")
      // Blocks 2 and 4 step to the next size in their second convolution; 7 and 14 are dilated instead.
      var stride = 8
      if words[0] == "pretrained" {
        let (block, layer) = (try #require(Int(words[3])), Int(words[5]) ?? 0)
        let step = block == 2 || block == 4 ? (layer == 0 ? 0 : 1) : 1
        stride = [2: 2 << step, 3: 4, 4: 4 << step][block] ?? (block < 2 ? 2 : 8)
      }
      products += weight.count * (name.contains("gap") ? 1 : 256 / stride * 512 / stride)
    }
    let outline = NetworkOutline(network, height: 256, width: 512)
    #expect(outline.multiplyAdds == products)
  }

  private func needs(_ change: (inout MemoryNeeds) -> Void) -> MemoryNeeds {
    var needs = MemoryNeeds()
    change(&needs)
    return needs
  }

  @Test func whatSurelyDoesNotFitIsRefused() {
    let rank = needs { $0.weights = 3 << 30 }
    let limits = [HostLimit("/x/memory.max", most: 5 << 30, used: 1 << 30)]
    let one = MemoryVerdict(needs: [rank], limits: limits, swap: 0, host: "h")
    #expect(
      one.refusal == nil
        && one.warning?.contains("found 4.0 GiB free (/x/memory.max: 5.0 GiB)") == true)
    let two = MemoryVerdict(needs: [rank, rank], limits: limits, swap: 0, host: "h")
    #expect(two.warning == nil)
    #expect(
      two.refusal?.contains("expected at least 6.0 GiB for 2 ranks: weights and optimiser 6.0 GiB")
        == true)
    // What can be moved to the disk makes it slow, not impossible.
    let swapped = MemoryVerdict(needs: [rank, rank], limits: limits, swap: 3 << 30, host: "h")
    #expect(swapped.refusal == nil && swapped.warning != nil)
  }

  @Test func aShellsLimitIsEachRanksOwn() {
    let rank = needs { $0.activations = 3 << 30 }
    let limits = [HostLimit("ulimit -v", most: 7 << 30, used: 1 << 30, isPerProcess: true)]
    let verdict = MemoryVerdict(needs: [rank, rank], limits: limits, swap: 0, host: "h")
    #expect(verdict == MemoryVerdict(needs: [], limits: [], swap: 0, host: "h"))
    let tight = [HostLimit("ulimit -v", most: 3 << 30, used: 1 << 30, isPerProcess: true)]
    #expect(
      MemoryVerdict(needs: [rank, rank], limits: tight, swap: 9 << 30, host: "h").refusal?
        .contains("expected at least 3.0 GiB for a rank") == true)
  }

  /// Between what a run cannot do without and what it will take, libraries crash under a shell's limit; a
  /// host's or a container's may have room all the same.
  @Test func aShellsLimitIsRefusedBelowWhatIsLikely() {
    let rank = needs { $0.activations = 3 << 30 }
    func verdict(_ free: Int, isPerProcess: Bool) -> MemoryVerdict {
      let limit = HostLimit("a limit", most: free, used: 0, isPerProcess: isPerProcess)
      return MemoryVerdict(needs: [rank, rank], limits: [limit], swap: 9 << 30, host: "h")
    }
    #expect((3 << 30) + 1 << 30 < rank.likely && rank.likely < 5 << 30)
    let tight = verdict(4 << 30, isPerProcess: true)
    #expect(tight.warning == nil)
    #expect(
      tight.refusal?.hasPrefix(
        "memory: h: found 4.0 GiB free (a limit: 4.0 GiB); expected about 4.3 GiB for a rank: ")
        == true)
    #expect(tight.refusal?.contains("fewer ranks") == false)
    #expect(verdict(5 << 30, isPerProcess: true).refusal == nil)
    let shared = verdict(7 << 30, isPerProcess: false)
    #expect(shared.refusal == nil && shared.warning?.contains("start fewer ranks") == true)
  }

  @Test func decodedImagesAreNamedWhereTheyAreTooMany() {
    let rank = needs { $0.images = 512 << 20 }
    let limits = [HostLimit(MemoryLimits.host, most: 8 << 30, used: (8 << 30) - (400 << 20))]
    let verdict = MemoryVerdict(needs: [rank], limits: limits, swap: 0, host: "h")
    #expect(
      verdict.refusal == nil && verdict.warning?.contains("lower data.cache_mebibytes") == true)
  }

  @Test func aLibrarysMessageIsExplained() {
    let line = MemoryNeeds.explained("conv2d: DefaultCPUAllocator: can't allocate memory: 12 bytes")
    #expect(line.hasPrefix("memory: found none left: conv2d") && line.contains("ulimit -v"))
    #expect(MemoryNeeds.explained("conv2d: wrong shape") == "conv2d: wrong shape")
  }
}
