#pragma once

#include "COneDNN/convolution/shape.h"

#include <ATen/ATen.h>

namespace rdd::onednn {

/// Pixels `[N, H, W]` of `channels` values in memory, float32 or bfloat16; from one pixel to the
/// next it is `step` values, so that a map can be a slice of a concatenated one.
struct Map {
  void *data;
  int64_t batch, channels;
  Pair size;
  int64_t step;
};

/// Copies the values; the sizes agree.
void copy_map(const Map &to, const Map &from, at::ScalarType type);

/// The largest value of each window; padding never wins.
void max_pool(
    const Map &to, const Map &from, const Pair &kernel, const Pair &stride, const Pair &padding,
    at::ScalarType type);

/// The mean of each bin, `to.size` bins from floor(i n / k) to ceil((i + 1) n / k); sums in double.
void average_pool(const Map &to, const Map &from, at::ScalarType type);

/// Bilinear interpolation with aligned corners.
void resize_aligned(const Map &to, const Map &from, at::ScalarType type);

}  // namespace rdd::onednn
