#pragma once

#include "COneDNN/map.h"

#include "dnnl.hpp"

#include <array>
#include <cstdint>

namespace rdd::onednn {

/// Stride, padding (each side), dilation and groups of a 2-d convolution, as LibTorch has them.
struct Window {
  Pair stride{1, 1};
  Pair padding{0, 0};
  Pair dilation{1, 1};
  int64_t groups = 1;
};

/// How weights `[O, I / groups, kh, kw]` lie in memory: as they are named, channels last, or each tap's
/// matrix `[O, I / groups]` after the other.
enum class WeightOrder : int64_t { plain, last, taps };

/// The sizes of one convolution, as oneDNN gets them.
///
/// Taps of the kernel that only ever meet the padding are left out: with a dilation larger than the
/// map, a 3x3 kernel is its middle. `kernel` counts the taps that stay, `first` is the first one,
/// and `before` and `after` are the padding that remains.
struct ConvolutionShape {
  int64_t batch, in_channels, out_channels, groups;
  Pair in, out, kernel, first, stride, before, after, dilation;
  Pair full_kernel;

  /// From the sizes of input `[N, C, H, W]` and weights `[O, C / groups, kh, kw]`; throws when they
  /// do not fit each other.
  ConvolutionShape(
      const std::array<int64_t, 4> &x, const std::array<int64_t, 4> &weights, const Window &window);

  /// The number of weights, with all taps.
  int64_t weights_count() const {
    return out_channels * (in_channels / groups) * full_kernel[0] * full_kernel[1];
  }
  /// Whether taps are left out.
  bool trimmed() const { return kernel != full_kernel; }

  dnnl::memory::dims input_dims() const { return {batch, in_channels, in[0], in[1]}; }
  dnnl::memory::dims output_dims() const { return {batch, out_channels, out[0], out[1]}; }
  dnnl::memory::dims bias_dims() const { return {out_channels}; }
  /// `[O, I, kh, kw]`, or `[G, O / G, I / G, kh, kw]` with groups; only the taps that stay.
  dnnl::memory::dims weights_dims() const;
  /// The strides of `weights_dims` in a tensor with all taps.
  dnnl::memory::dims weights_strides(WeightOrder order) const;
  /// Elements before the first tap that stays in such a tensor.
  int64_t weights_offset(WeightOrder order) const;
  /// The same for one image.
  ConvolutionShape single() const;
};

}  // namespace rdd::onednn
