#pragma once

#include "COneDNN/map.h"

namespace rdd::onednn {

// Layers on maps of one type, float32 or bfloat16.

/// Copies the values; the sizes agree.
void copy_map(const Map &to, const Map &from);

/// The largest value of each window; padding never wins.
void max_pool(
    const Map &to, const Map &from, const Pair &kernel, const Pair &stride, const Pair &padding);

/// The mean of each bin, `to.size` bins from floor(i n / k) to ceil((i + 1) n / k); sums in double.
void average_pool(const Map &to, const Map &from);

/// Bilinear interpolation: with aligned corners, or with aligned edges, where pixel x has its centre at
/// x + 1/2.
void resize(const Map &to, const Map &from, bool aligns_corners);

/// Each channel times its factor; `factors` has one pixel an image.
void scale(const Map &to, const Map &from, const Map &factors);

}  // namespace rdd::onednn
