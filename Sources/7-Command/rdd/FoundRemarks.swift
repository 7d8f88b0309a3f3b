import Datasets
import Foundation

/// What `rdd recipe` has found, in words: at length for the recipe's head, and in short.
struct FoundRemarks {
  private let split: FoundSplit
  private let survey: LabelSurvey
  private let guess: LabelGuess

  init(_ split: FoundSplit, _ survey: LabelSurvey, _ guess: LabelGuess) {
    self.split = split
    self.survey = survey
    self.guess = guess
  }

  /// The most important, a line each.
  var summary: [String] {
    var lines = [
      "\(counts) below \(split.root); \(wayInWords)",
      "\(read); values \(survey.counts.valuesInWords): \(classesInWords)",
    ]
    if !guess.absent.isEmpty { lines.append(absentInWords) }
    return lines + ["images of \(sizes)"] + guess.questions.map { "please answer: " + $0 }
  }

  /// All of it, for comments.
  var lines: [String] {
    var lines = [
      "Written by rdd recipe: \(counts).", "\(sentence(wayInWords)).", "Images of \(sizes).",
    ]
    if split.way == .names {
      lines.append(
        "Frames of one video should not be in both lists: give their folders by --validation-images."
      )
    }
    lines += [
      "\(sentence(read)): \(classesInWords).", "Value, share of the pixels, files with it:",
    ]
    let counts = survey.counts
    for value in counts.values {
      let share = 100 * Double(counts.stored[value]) / Double(max(counts.total, 1))
      let row = String(format: "%5d  %6.2f %%  %6lld  ", value, share, counts.holders[value])
      lines.append(row + guess.meaning(of: value))
    }
    if !guess.absent.isEmpty { lines.append("\(sentence(absentInWords)).") }
    if counts.fileCount < split.training.count + split.validation.count {
      lines.append("Labels that were not read may hold other values: rdd check --pixels reads all.")
    }
    return lines + guess.questions
  }

  private var counts: String {
    let (training, validation) = (split.training.count, split.validation.count)
    return
      "\(training + validation) images with labels, \(training) for training and \(validation) for "
      + "validation"
  }

  private var wayInWords: String {
    switch split.way {
    case .given: "the validation images are those that were given"
    case .folders: "the folders train and val divide them"
    case .names: "the validation images are chosen by their names"
    }
  }

  private var read: String {
    "\(survey.counts.fileCount) of \(split.training.count + split.validation.count) labels read"
  }

  private var classesInWords: String {
    let count = guess.encoding.classes.count
    let words = "\(count) class\(count == 1 ? "" : "es")"
    let ignored = guess.ignored
    if ignored.isEmpty { return words + ", and nothing is ignored" }
    return words
      + ", and \(LabelCounts.inWords(ignored)) \(ignored.count == 1 ? "is" : "are") ignored"
  }

  private var absentInWords: String {
    "classes without a pixel, by their values: \(LabelCounts.inWords(guess.absent))"
  }

  private var sizes: String {
    let (least, most) = (survey.smallest, survey.largest)
    let first = "\(least.height) x \(least.width) pixels"
    return least == most ? first : first + " and more, to \(most.height) x \(most.width)"
  }

  /// A sentence's first letter is a capital.
  private func sentence(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
