#pragma once

#include "COneDNN/element.h"

#include <array>
#include <cstdint>

namespace rdd::onednn {

/// Height and width.
using Pair = std::array<int64_t, 2>;

/// Pixels `[N, H, W]` of `channels` values in memory; from one pixel to the next it is `step` values, so
/// that a map can be a slice of a concatenated one.
struct Map {
  void *data;
  Element type;
  int64_t batch, channels;
  Pair size;
  int64_t step;

  /// The values, which are of type `T`.
  template <typename T>
  T *values() const {
    return static_cast<T *>(data);
  }

  /// The address of the first pixel of a row of an image.
  void *row(int64_t image, int64_t y) const {
    return static_cast<char *>(data)
        + (image * size[0] + y) * size[1] * step * bytes_of(type);
  }

  /// One image.
  Map image(int64_t index) const { return {row(index, 0), type, 1, channels, size, step}; }
};

}  // namespace rdd::onednn
