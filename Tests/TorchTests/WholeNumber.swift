/// A whole number of 2^-260, with sign, of any length: what sums are compared with.
struct WholeNumber {
  private static let lowest = -260
  /// Digits of 32 bits, not carried.
  private var digits = [Int64](repeating: 0, count: 16)

  /// Adds what becomes of a value on the levels of `GradientSum`, by their definition.
  mutating func addGridded(_ value: Float, top: Int) {
    guard value != 0 else { return }
    var level = 0
    while abs(Double(value)) >= Double(sign: .plus, exponent: top + 24 * level, significand: 1) {
      level += 1
    }
    let unit = Double(sign: .plus, exponent: top - 47 + 24 * level, significand: 1)
    add(Int64((Double(value) / unit).rounded(.toNearestOrEven)), exponent: top - 47 + 24 * level)
  }

  /// Adds `units * 2^exponent`.
  private mutating func add(_ units: Int64, exponent: Int) {
    let place = exponent - Self.lowest
    let (digit, shift) = (place / 32, place % 32)
    // 64 bits shifted by less than 32 are 96: three digits, the last with the sign.
    let wide = Int128(units) << Int128(shift)
    digits[digit] += Int64(wide & 0xffff_ffff)
    digits[digit + 1] += Int64((wide >> 32) & 0xffff_ffff)
    digits[digit + 2] += Int64(wide >> 64)
  }

  /// The nearest float32, halves to even.
  var rounded: Float {
    var carried = digits
    func carry() {
      for index in 0..<carried.count - 1 {
        carried[index + 1] += carried[index] >> 32
        carried[index] &= 0xffff_ffff
      }
    }
    carry()
    let isNegative = carried[carried.count - 1] < 0
    if isNegative {
      for index in carried.indices { carried[index] = -carried[index] }
      carry()
    }
    func bit(_ index: Int) -> Int { Int(carried[index / 32] >> Int64(index % 32)) & 1 }
    guard let highest = (0..<32 * carried.count).last(where: { bit($0) == 1 }) else { return 0 }
    // The place of the last digit that float32 keeps.
    let last = max(highest - 23, -149 - Self.lowest)
    var kept = 0
    for index in stride(from: highest, through: last, by: -1) { kept = 2 * kept + bit(index) }
    let half = last > 0 && bit(last - 1) == 1
    let rest = last > 1 && (0..<last - 1).contains { bit($0) == 1 }
    if half, rest || kept % 2 == 1 { kept += 1 }
    let size = Float(sign: .plus, exponent: last + Self.lowest, significand: Float(kept))
    return isNegative ? -size : size
  }
}
