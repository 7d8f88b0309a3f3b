import Foundation

/// Sixteen neighbouring output columns of one image row.
typealias Vector = SIMD16<Float>

/// Stops the program when an argument breaks a documented rule.
///
/// This module is built without checks: there `precondition` is only a hint to the optimiser. This one
/// always checks. Where a `guard` must leave, `fatalError` does, not `preconditionFailure`.
@inline(__always)
func require(_ condition: Bool, _ message: @autoclosure () -> String) {
  guard condition else { fatalError(message()) }
}

/// 2 to the power of x for x in [-126, 127], relative error below 2e-7.
///
/// Range reduction to [-0.5, 0.5] and a minimax polynomial of degree 6 that is exactly 1 at 0. A NaN
/// stays a NaN.
@inline(__always)
func exp2InRange(_ x: Vector) -> Vector {
  let magic = Vector(repeating: 12_582_912)
  let shifted = x + magic
  let r = x - (shifted - magic)
  var y = Vector(repeating: 1.339_887_4e-3).addingProduct(r, Vector(repeating: 1.535_336_2e-4))
  y = Vector(repeating: 9.618_437e-3).addingProduct(r, y)
  y = Vector(repeating: 5.550_332_5e-2).addingProduct(r, y)
  y = Vector(repeating: 2.402_264_8e-1).addingProduct(r, y)
  y = Vector(repeating: 6.931_472e-1).addingProduct(r, y)
  y = Vector(repeating: 1).addingProduct(r, y)
  let exponent = unsafeBitCast(shifted, to: SIMD16<Int32>.self) &<< 23
  return unsafeBitCast(unsafeBitCast(y, to: SIMD16<Int32>.self) &+ exponent, to: Vector.self)
}

/// The natural logarithm of a positive normal number, error below 1e-7 relative or absolute.
///
/// The Cephes polynomial on [sqrt(1/2), sqrt(2)). Other arguments give some finite number.
@inline(__always)
func logarithm(_ x: Vector) -> Vector {
  let bits = unsafeBitCast(x, to: SIMD16<UInt32>.self)
  // Adding the difference of 1 and sqrt(1/2) moves the exponent's step to sqrt(1/2).
  let moved = bits &+ SIMD16<UInt32>(repeating: 0x3F80_0000 &- 0x3F35_04F3)
  let mantissaBits =
    (moved & SIMD16<UInt32>(repeating: 0x007F_FFFF)) &+ SIMD16<UInt32>(repeating: 0x3F35_04F3)
  let exponentBits = (moved &>> 23) | SIMD16<UInt32>(repeating: 0x4B00_0000)
  let exponent =
    unsafeBitCast(exponentBits, to: Vector.self) - Vector(repeating: 8_388_608 + 127)
  let m = unsafeBitCast(mantissaBits, to: Vector.self) - Vector(repeating: 1)
  var y = Vector(repeating: -1.151_461_0e-1).addingProduct(m, Vector(repeating: 7.037_683_6e-2))
  y = Vector(repeating: 1.167_699_9e-1).addingProduct(m, y)
  y = Vector(repeating: -1.242_014_1e-1).addingProduct(m, y)
  y = Vector(repeating: 1.424_932_3e-1).addingProduct(m, y)
  y = Vector(repeating: -1.666_805_8e-1).addingProduct(m, y)
  y = Vector(repeating: 2.000_071_5e-1).addingProduct(m, y)
  y = Vector(repeating: -2.499_999_4e-1).addingProduct(m, y)
  y = Vector(repeating: 3.333_333_1e-1).addingProduct(m, y)
  let square = m * m
  y = y * m * square
  y = y.addingProduct(exponent, Vector(repeating: -2.121_944_4e-4))
  y = y.addingProduct(square, Vector(repeating: -0.5))
  return (m + y).addingProduct(exponent, Vector(repeating: 0.693_359_375))
}

/// The natural logarithm of 1 + x for x >= 0, also where x is tiny.
@inline(__always)
func logarithmOfOnePlus(_ x: Vector) -> Vector {
  let one = Vector(repeating: 1)
  let sum = one + x
  // What the addition lost, to first order.
  return logarithm(sum) + (x - (sum - one)) / sum
}

/// e to the power of x for x <= 0, to double precision; below -708 it stays at e^-708.
///
/// `addingProduct` of doubles is taken apart lane by lane, so products and sums are apart here.
@inline(__always)
func expNonpositive(_ x: SIMD8<Double>) -> SIMD8<Double> {
  typealias Wide = SIMD8<Double>
  let clamped = x.replacing(with: Wide(repeating: -708), where: x .< Wide(repeating: -708))
  let magic = Wide(repeating: 6_755_399_441_055_744)
  let shifted = magic + clamped * Wide(repeating: 1.442_695_040_888_963_4)
  let n = shifted - magic
  var r = clamped - n * Wide(repeating: 0.693_147_180_369_123_8)
  r = r - n * Wide(repeating: 1.908_214_929_270_587_7e-10)
  var y = Wide(repeating: 1 / 39_916_800) + r * Wide(repeating: 1 / 479_001_600)
  y = Wide(repeating: 1 / 3_628_800) + r * y
  y = Wide(repeating: 1 / 362_880) + r * y
  y = Wide(repeating: 1 / 40_320) + r * y
  y = Wide(repeating: 1 / 5_040) + r * y
  y = Wide(repeating: 1 / 720) + r * y
  y = Wide(repeating: 1 / 120) + r * y
  y = Wide(repeating: 1 / 24) + r * y
  y = Wide(repeating: 1 / 6) + r * y
  y = Wide(repeating: 0.5) + r * y
  y = Wide(repeating: 1) + r * y
  y = Wide(repeating: 1) + r * y
  let exponent = unsafeBitCast(shifted, to: SIMD8<Int64>.self) &<< 52
  return unsafeBitCast(unsafeBitCast(y, to: SIMD8<Int64>.self) &+ exponent, to: Wide.self)
}

/// Whether any lane of a comparison holds.
@inline(__always)
func anyLane(_ mask: SIMDMask<SIMD16<Int32>>) -> Bool {
  let words = unsafeBitCast(mask, to: SIMD8<Int64>.self)
  let four = words.lowHalf | words.highHalf
  let two = four.lowHalf | four.highHalf
  return (two[0] | two[1]) != 0
}
