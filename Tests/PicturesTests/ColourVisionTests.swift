import Foundation
import Pictures
import Testing

/// What eyes that lack one kind of cones make of the maps' colours.
@Suite struct ColourVisionTests {
  /// Linear red, green and blue as those eyes see them.
  ///
  /// Source: Machado, Oliveira and Fernandes 2009, table 1, severity 1.
  enum Eyes: CaseIterable {
    case usual, protanopic, deuteranopic, tritanopic

    var rows: [[Double]] {
      switch self {
      case .usual: [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
      case .protanopic:
        [
          [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
          [-0.003882, -0.048116, 1.051998],
        ]
      case .deuteranopic:
        [
          [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
          [-0.011820, 0.042940, 0.968881],
        ]
      case .tritanopic:
        [
          [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
          [0.004733, 0.691367, 0.303900],
        ]
      }
    }

    /// A colour in their space, from 0 to 1, as monitors show it.
    func see(_ colour: PictureColour) -> [Double] {
      let linear = [colour.red, colour.green, colour.blue].map { channel -> Double in
        let value = Double(channel) / 255
        return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
      }
      return rows.map { row in
        let value = max(0, min(1, zip(row, linear).reduce(0) { $0 + $1.0 * $1.1 }))
        return value <= 0.0031308 ? 12.92 * value : 1.055 * pow(value, 1 / 2.4) - 0.055
      }
    }
  }

  @Test(arguments: Eyes.allCases)
  func theScaleGetsLighter(eyes: Eyes) {
    let scale = ColourScale()
    let lightness = (0...20).map { step -> Double in
      let seen = eyes.see(scale.colour(Float(step) / 20))
      return 0.2126 * seen[0] + 0.7152 * seen[1] + 0.0722 * seen[2]
    }
    for (darker, lighter) in zip(lightness, lightness.dropFirst()) { #expect(lighter > darker) }
    #expect(lightness[20] - lightness[0] > 0.6)
  }

  /// Hard for whom: three colours, over a photo that is dimmed.
  @Test(arguments: Eyes.allCases)
  func theMasksAreToldApart(eyes: Eyes) {
    let dimmed = [PictureColour.black, PictureColour.white.mixed(with: .black, 0.6)]
    let colours =
      [DifficultyPanel.studentOnly, DifficultyPanel.teacherOnly, DifficultyPanel.both] + dimmed
    for first in colours.indices {
      for second in colours.indices where second > first && first < 3 {
        let pairs = zip(eyes.see(colours[first]), eyes.see(colours[second]))
        let distance = pairs.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
        #expect(distance > 0.25, "\(first) and \(second)")
      }
    }
  }
}
