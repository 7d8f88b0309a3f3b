#pragma once

#include "COneDNN/engine.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace rdd::onednn {

/// The type that values of `T` are calculated in.
template <typename T>
using Real = std::conditional_t<std::is_same_v<T, double>, double, float>;

inline float widen(float value) { return value; }
inline double widen(double value) { return value; }
inline float widen(at::BFloat16 value) {
  const uint32_t bits = static_cast<uint32_t>(value.x) << 16;
  float result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

/// Rounds to nearest even, without a branch, so that loops become vectors.
template <typename T>
inline T narrow(Real<T> value) {
  if constexpr (std::is_same_v<T, at::BFloat16>) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
    return at::BFloat16(
        static_cast<uint16_t>(nan ? 0x7fc0u : rounded), at::BFloat16::from_bits());
  } else {
    return value;
  }
}

/// The pixels of `[N, C, H, W]` in channels-last order as rows of `channels` values, each image cut into
/// parts of `per_part` rows. The cut depends on the size of an image alone.
struct Rows {
  int64_t images, rows, channels, per_part, parts;  // rows and parts of one image

  explicit Rows(const at::Tensor &x) : images(x.size(0)), channels(x.size(1)) {
    rows = x.size(2) * x.size(3);
    const int64_t smallest = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, channels));
    per_part = std::max(smallest, (rows + 31) / 32);
    parts = (rows + per_part - 1) / per_part;
  }

  /// Calls `body(part, first, end)` for each part of each image, with the rows of all images, on
  /// LibTorch's threads. Parts are numbered image by image.
  template <typename Body>
  void for_each_part(const Body &body) const {
    parallel_for_each(images * parts, [&](int64_t part) {
      const int64_t first = part / parts * rows + part % parts * per_part;
      body(part, first, std::min((part / parts + 1) * rows, first + per_part));
    });
  }
};

}  // namespace rdd::onednn
