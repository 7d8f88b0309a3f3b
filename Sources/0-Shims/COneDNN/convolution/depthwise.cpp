#include "COneDNN/convolution/depthwise.h"

#include "COneDNN/arithmetic.h"
#include "COneDNN/threads.h"

#include <algorithm>
#include <vector>

namespace rdd::onednn {

namespace {

constexpr int64_t lanes = 16;

/// Adds, for 16 channels, the products of one output row with the pixels that one tap sees.
template <typename T>
void add_row(
    float *sums, const T *gradient, const T *pixel, int64_t pixels, int64_t gradient_step,
    int64_t pixel_step, int64_t width) {
  float row[lanes] = {};
  if (width == lanes) {
    for (int64_t i = 0; i < pixels; ++i, gradient += gradient_step, pixel += pixel_step) {
      for (int64_t c = 0; c < lanes; ++c) {
        row[c] += widen(gradient[c]) * widen(pixel[c]);
      }
    }
  } else {
    for (int64_t i = 0; i < pixels; ++i, gradient += gradient_step, pixel += pixel_step) {
      for (int64_t c = 0; c < width; ++c) {
        row[c] += widen(gradient[c]) * widen(pixel[c]);
      }
    }
  }
  for (int64_t c = 0; c < width; ++c) sums[c] += row[c];
}

/// The sums of one block of channels over all images, `[taps, 16]`.
template <typename T>
void block_sums(
    float *sums, const T *gradient, const T *x, const ConvolutionShape &s, int64_t channel,
    int64_t width) {
  const int64_t channels = s.in_channels;
  const int64_t taps_x = s.kernel[1];
  for (int64_t row = 0; row < s.batch * s.out[0]; ++row) {
    const int64_t image = row / s.out[0], out_y = row % s.out[0];
    const T *gradient_row = gradient + row * s.out[1] * channels + channel;
    for (int64_t ky = 0; ky < s.kernel[0]; ++ky) {
      const int64_t y = out_y * s.stride[0] - s.before[0] + ky * s.dilation[0];
      if (y < 0 || y >= s.in[0]) continue;
      const T *x_row = x + (image * s.in[0] + y) * s.in[1] * channels + channel;
      for (int64_t kx = 0; kx < taps_x; ++kx) {
        const int64_t start = kx * s.dilation[1] - s.before[1];
        // The outputs whose pixel, start + i * stride, lies inside the row.
        const int64_t stride = s.stride[1];
        const int64_t first = start >= 0 ? 0 : ceil_div(-start, stride);
        const int64_t end = std::min(
            s.out[1], start >= s.in[1] ? 0 : (s.in[1] - 1 - start) / stride + 1);
        if (first >= end) continue;
        add_row(
            sums + (ky * taps_x + kx) * lanes, gradient_row + first * channels,
            x_row + (start + first * stride) * channels, end - first, channels,
            stride * channels, width);
      }
    }
  }
}

template <typename T>
void run(float *dw, const T *gradient, const T *x, const ConvolutionShape &shape) {
  const int64_t channels = shape.in_channels;
  const int64_t taps = shape.kernel[0] * shape.kernel[1];
  const int64_t filter = shape.full_kernel[0] * shape.full_kernel[1];
  parallel_for_each(ceil_div(channels, lanes), [&](int64_t block) {
    const int64_t channel = block * lanes, width = std::min(lanes, channels - channel);
    std::vector<float> sums(static_cast<std::size_t>(taps * lanes), 0.0f);
    block_sums(sums.data(), gradient, x, shape, channel, width);
    for (int64_t tap = 0; tap < taps; ++tap) {
      const int64_t ky = shape.first[0] + tap / shape.kernel[1];
      const int64_t kx = shape.first[1] + tap % shape.kernel[1];
      for (int64_t c = 0; c < width; ++c) {
        dw[(channel + c) * filter + ky * shape.full_kernel[1] + kx] = sums[tap * lanes + c];
      }
    }
  });
}

}  // namespace

bool dilated_depthwise(const ConvolutionShape &shape) {
  return shape.groups > 1 && shape.groups == shape.in_channels
      && shape.groups == shape.out_channels && (shape.dilation[0] > 1 || shape.dilation[1] > 1);
}

void depthwise_backward_weights(
    float *dw, const Map &dy, const Map &x, const ConvolutionShape &shape) {
  std::fill_n(dw, shape.weights_count(), 0.0f);
  for_short_type(x.type, [&](auto *type) {
    using T = std::remove_pointer_t<decltype(type)>;
    run(dw, dy.values<T>(), x.values<T>(), shape);
  });
}

}  // namespace rdd::onednn
