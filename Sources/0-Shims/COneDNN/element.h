#pragma once

#include "COneDNN/check.h"

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace rdd::onednn {

/// The types of values in memory.
enum class Element { float32, bfloat16, float64 };

/// The bytes of a value.
constexpr int64_t bytes_of(Element type) {
  return type == Element::bfloat16 ? 2 : type == Element::float32 ? 4 : 8;
}

constexpr const char *name_of(Element type) {
  return type == Element::bfloat16 ? "bfloat16" : type == Element::float32 ? "float32" : "float64";
}

/// The upper half of a float32.
struct BFloat16 {
  uint16_t bits;
};

/// The type that values of `T` are calculated in.
template <typename T>
using Real = std::conditional_t<std::is_same_v<T, double>, double, float>;

inline float widen(float value) { return value; }
inline double widen(double value) { return value; }
inline float widen(BFloat16 value) {
  const uint32_t bits = static_cast<uint32_t>(value.bits) << 16;
  float result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

/// Rounds to nearest even, without a branch, so that loops become vectors.
template <typename T>
inline T narrow(Real<T> value) {
  if constexpr (std::is_same_v<T, BFloat16>) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
    return BFloat16{static_cast<uint16_t>(nan ? 0x7fc0u : rounded)};
  } else {
    return value;
  }
}

/// Calls `body` with a null pointer of the type, float or BFloat16, which are those that oneDNN has.
template <typename Body>
void for_short_type(Element type, const Body &body) {
  if (type == Element::float32) return body(static_cast<float *>(nullptr));
  check(type == Element::bfloat16, "expected float32 or bfloat16, got ", name_of(type));
  body(static_cast<BFloat16 *>(nullptr));
}

/// Calls `body` with a null pointer of the type: float, BFloat16 or double.
template <typename Body>
void for_type(Element type, const Body &body) {
  if (type == Element::float64) return body(static_cast<double *>(nullptr));
  for_short_type(type, body);
}

}  // namespace rdd::onednn
