import Foundation
import Networks
import Testing
import Torch

/// Probabilities of classes that become one are added; those of classes that become none are shared out.
@Suite struct ClassMappingTests {
  @Test func probabilitiesAreAdded() {
    let logits: [Double] = [1, 2, 0.5, -1, 3]
    let mapping = ClassMapping([1, 0, 1, nil, 2], classCount: 3)
    let found = mapping(Tensor(logits, [1, 5, 1, 1])).doubles.map { exp($0) }
    let powers = logits.map { exp($0) }
    let expected = [powers[1], powers[0] + powers[2], powers[4]]
    for (found, expected) in zip(found, expected) {
      #expect(abs(found - expected) < 1e-12 * expected)
    }
    // Far from 0 nothing overflows, and classes that stay alone keep their bits.
    let far = mapping(Tensor(logits.map { $0 * 1000 }, [1, 5, 1, 1])).doubles
    #expect(far == [2000, 1000, 3000])
  }
}

/// Images as a network wants them.
@Suite struct CustomInputTests {
  @Test func numbersNormalise() throws {
    // B, G, R: 255, 0 and 51 as they come.
    let mean = [104.00698793, 116.66876762, 122.67891434]
    let images = Tensor(zip([255.0, 0, 51], mean).map { $0 - $1 }, [1, 3, 1, 1])
    func normalised(isRGB: Bool) -> [Double] {
      InputNormalisation.custom(
        .init(isRGB: isRGB, scale: 2, mean: [0.5, 1, 0], deviation: [1, 2, 4])
      )(images).doubles
    }
    for (found, expected) in [
      (normalised(isRGB: false), [1.5, -0.5, 0.1]), (normalised(isRGB: true), [-0.1, -0.5, 0.5]),
    ] {
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-9 }, "\(found)")
    }
  }
}
