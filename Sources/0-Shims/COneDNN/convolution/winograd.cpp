#include "COneDNN/convolution/winograd.h"

#include "COneDNN/arithmetic.h"
#include "COneDNN/memory.h"
#include "COneDNN/threads.h"
#include "COneDNN/wide.h"

#include <algorithm>

#define INLINE inline __attribute__((always_inline))

namespace rdd::onednn {

namespace {

constexpr int64_t lanes = 16;  // channels that are transformed together
constexpr int64_t points = 3;  // of the 36, that are multiplied together
constexpr float root = 1.41421356237309505f;

/// Six vectors of channels, from one that comes every `step`-th.
struct Six {
  const float *first;
  int64_t step;
  const float *operator[](int64_t i) const { return first + i * step; }
};

/// Pixels to points: six values of one row or column.
INLINE void to_points(float *__restrict to, int64_t step, const Six &from) {
  const float *__restrict d0 = from[0], *__restrict d1 = from[1], *__restrict d2 = from[2];
  const float *__restrict d3 = from[3], *__restrict d4 = from[4], *__restrict d5 = from[5];
  for (int64_t c = 0; c < lanes; ++c) {
    const float outer_even = d4[c] - 0.5f * d2[c], outer_odd = root * (d3[c] - 0.5f * d1[c]);
    const float inner_even = d4[c] - 2.0f * d2[c], inner_odd = (0.5f * d3[c] - d1[c]) * root;
    to[c] = d0[c] - 2.5f * d2[c] + d4[c];
    to[step + c] = outer_even + outer_odd;
    to[2 * step + c] = outer_even - outer_odd;
    to[3 * step + c] = inner_even + inner_odd;
    to[4 * step + c] = inner_even - inner_odd;
    to[5 * step + c] = d1[c] - 2.5f * d3[c] + d5[c];
  }
}

/// Points to four pixels.
INLINE void from_points(float *__restrict to, int64_t step, const Six &from) {
  const float *__restrict m0 = from[0], *__restrict m1 = from[1], *__restrict m2 = from[2];
  const float *__restrict m3 = from[3], *__restrict m4 = from[4], *__restrict m5 = from[5];
  for (int64_t c = 0; c < lanes; ++c) {
    const float outer_sum = m1[c] + m2[c], outer = root * (m1[c] - m2[c]);
    const float inner_sum = m3[c] + m4[c], inner = 0.5f * root * (m3[c] - m4[c]);
    to[c] = m0[c] + outer_sum + inner_sum;
    to[step + c] = outer + inner;
    to[2 * step + c] = 2.0f * outer_sum + 0.5f * inner_sum;
    to[3 * step + c] = 2.0f * outer + 0.5f * inner + m5[c];
  }
}

/// Four pixels' gradients to points: the adjoint of `from_points`.
INLINE void gradient_points(float *__restrict to, int64_t step, const Six &from) {
  const float *__restrict y0 = from[0], *__restrict y1 = from[1], *__restrict y2 = from[2];
  const float *__restrict y3 = from[3];
  for (int64_t c = 0; c < lanes; ++c) {
    const float outer_even = y0[c] + 2.0f * y2[c], outer_odd = root * (y1[c] + 2.0f * y3[c]);
    const float inner_even = y0[c] + 0.5f * y2[c];
    const float inner_odd = 0.5f * root * (y1[c] + 0.5f * y3[c]);
    to[c] = y0[c];
    to[step + c] = outer_even + outer_odd;
    to[2 * step + c] = outer_even - outer_odd;
    to[3 * step + c] = inner_even + inner_odd;
    to[4 * step + c] = inner_even - inner_odd;
    to[5 * step + c] = y3[c];
  }
}

/// Points to three taps: the adjoint of `kernel_points`.
INLINE void tap_gradients(float *__restrict to, int64_t step, const Six &from) {
  const float *__restrict u0 = from[0], *__restrict u1 = from[1], *__restrict u2 = from[2];
  const float *__restrict u3 = from[3], *__restrict u4 = from[4], *__restrict u5 = from[5];
  for (int64_t c = 0; c < lanes; ++c) {
    const float outer = u1[c] + u2[c], inner = u3[c] + u4[c];
    to[c] = u0[c] + outer / 6.0f - 2.0f * inner / 3.0f;
    to[step + c] = root / 6.0f * ((u1[c] - u2[c]) - 2.0f * (u3[c] - u4[c]));
    to[2 * step + c] = (outer - inner) / 3.0f + u5[c];
  }
}

/// Three taps to points.
INLINE void kernel_points(float *__restrict to, int64_t step, const float *taps, int64_t tap_step) {
  const float *__restrict t0 = taps, *__restrict t1 = taps + tap_step;
  const float *__restrict t2 = taps + 2 * tap_step;
  for (int64_t c = 0; c < lanes; ++c) {
    const float outer_even = (t0[c] + 2.0f * t2[c]) / 6.0f, outer_odd = root / 6.0f * t1[c];
    const float inner_even = -(2.0f * t0[c] + t2[c]) / 3.0f, inner_odd = -root / 3.0f * t1[c];
    to[c] = t0[c];
    to[step + c] = outer_even + outer_odd;
    to[2 * step + c] = outer_even - outer_odd;
    to[3 * step + c] = inner_even + inner_odd;
    to[4 * step + c] = inner_even - inner_odd;
    to[5 * step + c] = t2[c];
  }
}

/// Channels whose transformed kernel stays in the cache, a divisor of `channels`.
int64_t largest_block(int64_t channels) {
  int64_t block = lanes;
  while (block < 128 && channels % (2 * block) == 0) block *= 2;
  return block;
}

}  // namespace

bool Winograd::suits(const ConvolutionShape &shape) {
  const int64_t d = shape.dilation[0];
  const bool keeps_size = shape.full_kernel == Pair{3, 3} && !shape.trimmed()
      && shape.stride == Pair{1, 1} && shape.groups == 1 && shape.dilation[1] == d
      && shape.before == Pair{d, d} && shape.out == shape.in;
  if (!keeps_size || shape.in_channels % lanes != 0 || shape.out_channels % lanes != 0) return false;
  const int64_t high = ceil_div(ceil_div(shape.in[0], d), 4), wide = ceil_div(ceil_div(shape.in[1], d), 4);
  const int64_t tiles = d * d * high * wide;
  // Few channels are bound by the transforms, few tiles by reading the kernel; tiles that reach out
  // of the map cost what they save.
  return shape.in_channels * shape.out_channels >= 128 * 128 && shape.in_channels >= 128
      && tiles >= 32 && 2 * 16 * tiles <= 3 * shape.in[0] * shape.in[1];
}

Winograd::Winograd(const ConvolutionShape &shape)
    : shape_(shape),
      dilation_(shape.dilation[0]),
      tiles_high_(ceil_div(ceil_div(shape.in[0], dilation_), 4)),
      tiles_wide_(ceil_div(ceil_div(shape.in[1], dilation_), 4)),
      tiles_(dilation_ * dilation_ * tiles_high_ * tiles_wide_),
      group_(ceil_div(tiles_, ceil_div(tiles_, 128))),
      block_(largest_block(shape.out_channels)),
      // A line more, so that the 36 do not meet in the same places of the cache.
      source_step_(group_ * shape.in_channels + lanes),
      kernel_step_(block_ * shape.in_channels + lanes),
      result_step_(group_ * block_ + lanes) {
  const int64_t in = shape.in_channels;
  constexpr int64_t most_bytes = 40 << 20;
  groups_ = std::clamp<int64_t>(
      most_bytes / (4 * 36 * source_step_), 1, shape.batch * ceil_div(tiles_, group_));
  const Desc source({points, group_, in}, Type::f32, dnnl::memory::dims{source_step_, in, 1});
  const Desc kernel({points, in, block_}, Type::f32, dnnl::memory::dims{kernel_step_, block_, 1});
  const Desc result({points, group_, block_}, Type::f32, dnnl::memory::dims{result_step_, block_, 1});
  product_ = Product(source, kernel, result);
}

int64_t Winograd::workspace_bytes() const {
  return 4 * 36 * (groups_ * source_step_ + kernel_step_ + result_step_);
}

WIDE void Winograd::transform_kernel(float *to, const float *taps, int64_t input) const {
  const int64_t in = shape_.in_channels, out = shape_.out_channels;
  for (int64_t o = 0; o < block_; o += lanes) {
    const float *from = taps + input * out + o;
    float half[18 * lanes];
    for (int64_t x = 0; x < 3; ++x) {
      kernel_points(half + x * lanes, 3 * lanes, from + x * in * out, 3 * in * out);
    }
    for (int64_t y = 0; y < 6; ++y) {
      kernel_points(
          to + y * 6 * kernel_step_ + input * block_ + o, kernel_step_, half + y * 3 * lanes, lanes);
    }
  }
}

Winograd::Tile Winograd::tile(int64_t index) const {
  const int64_t image = index / tiles_;
  index %= tiles_;
  const int64_t column = index % tiles_wide_, row = index / tiles_wide_ % tiles_high_;
  const int64_t phase = index / (tiles_wide_ * tiles_high_);
  return {image, phase / dilation_ + 4 * row * dilation_, phase % dilation_ + 4 * column * dilation_};
}

WIDE void Winograd::transform_input(float *to, int64_t step, const Map &x, int64_t index) const {
  static const float nothing[lanes] = {};
  const Tile tile = this->tile(index);
  const int64_t height = shape_.in[0], width = shape_.in[1];
  const float *start = x.values<float>(), *pixels[36];
  for (int64_t i = 0; i < 36; ++i) {
    const int64_t row = tile.y + (i / 6 - 1) * dilation_, column = tile.x + (i % 6 - 1) * dilation_;
    const bool inside = row >= 0 && row < height && column >= 0 && column < width;
    pixels[i] = inside ? start + ((tile.image * height + row) * width + column) * x.step : nullptr;
  }
  for (int64_t channel = 0; channel < shape_.in_channels; channel += lanes) {
    float patch[36 * lanes], half[36 * lanes];
    for (int64_t i = 0; i < 36; ++i) {
      const float *from = pixels[i] == nullptr ? nothing : pixels[i] + channel;
      std::copy(from, from + lanes, patch + i * lanes);
    }
    for (int64_t column = 0; column < 6; ++column) {
      to_points(half + column * lanes, 6 * lanes, {patch + column * lanes, 6 * lanes});
    }
    for (int64_t row = 0; row < 6; ++row) {
      to_points(
          to + row * 6 * step + channel, step, {half + row * 6 * lanes, lanes});
    }
  }
}

WIDE void Winograd::transform_output(
    const Map &y, const float *from, int64_t index, int64_t channel, const float *bias, bool adding,
    Activation activation) const {
  const Tile tile = this->tile(index);
  const int64_t height = shape_.in[0], width = shape_.in[1];
  const int64_t step = y.step;
  float *start = y.values<float>();
  const auto [least, most] = bounds<float>(activation);
  for (int64_t o = 0; o < block_; o += lanes) {
    float half[24 * lanes], values[4 * lanes], added[lanes] = {};
    if (bias != nullptr) std::copy(bias + channel + o, bias + channel + o + lanes, added);
    for (int64_t column = 0; column < 6; ++column) {
      from_points(
          half + column * lanes, 6 * lanes, {from + column * result_step_ + o, 6 * result_step_});
    }
    for (int64_t i = 0; i < 4; ++i) {
      const int64_t row = tile.y + i * dilation_;
      if (row >= height) break;
      from_points(values, lanes, {half + i * 6 * lanes, lanes});
      for (int64_t j = 0; j < 4; ++j) {
        const int64_t column = tile.x + j * dilation_;
        if (column >= width) break;
        float *to = start + ((tile.image * height + row) * width + column) * step + channel + o;
        for (int64_t c = 0; c < lanes; ++c) {
          const float sum = values[j * lanes + c] + added[c] + (adding ? to[c] : 0.0f);
          // Comparisons that let a NaN through.
          const float floored = sum < least ? least : sum;
          to[c] = floored > most ? most : floored;
        }
      }
    }
  }
}

void Winograd::run(
    const Map &y, const Map &x, const float *taps, const float *bias, bool adding,
    Activation activation, void *workspace) const {
  const int64_t in = shape_.in_channels, source_size = 36 * source_step_;
  float *source = static_cast<float *>(workspace), *kernel = source + groups_ * source_size;
  float *result = kernel + 36 * kernel_step_;
  const int64_t of_image = ceil_div(tiles_, group_), count = shape_.batch * of_image;
  // The first tile of a group, and how many it has.
  const auto first_tile = [&](int64_t group) {
    return group / of_image * tiles_ + group % of_image * group_;
  };
  const auto tile_count = [&](int64_t group) {
    return std::min(group_, tiles_ - group % of_image * group_);
  };
  for (int64_t first = 0; first < count; first += groups_) {
    const int64_t end = std::min(first + groups_, count);
    parallel_for_each((end - first) * group_, [&](int64_t i) {
      const int64_t group = first + i / group_;
      if (i % group_ >= tile_count(group)) return;
      float *place = source + i / group_ * source_size + i % group_ * in;
      transform_input(place, source_step_, x, first_tile(group) + i % group_);
    });
    for (int64_t channel = 0; channel < shape_.out_channels; channel += block_) {
      parallel_for_each(in, [&](int64_t i) { transform_kernel(kernel, taps + channel, i); });
      for (int64_t group = first; group < end; ++group) {
        const float *pixels = source + (group - first) * source_size;
        parallel_units(36 / points, [&](int64_t i) {
          product_.run(
              pixels + i * points * source_step_, kernel + i * points * kernel_step_,
              result + i * points * result_step_);
        });
        parallel_for_each(tile_count(group), [&](int64_t i) {
          transform_output(
              y, result + i * block_, first_tile(group) + i, channel, bias, adding, activation);
        });
      }
    }
  }
}

// The gradient of the 36 products is a product over an image's tiles.

int64_t Winograd::gradient_workspace_bytes() const {
  const int64_t in = shape_.in_channels;
  return 4 * 36 * (tiles_ * (in + block_) + 2 * lanes + in * block_);
}

WIDE void Winograd::transform_gradient(
    float *to, int64_t step, const Map &dy, int64_t index, int64_t channel) const {
  const Tile tile = this->tile(index);
  const int64_t height = shape_.in[0], width = shape_.in[1], dy_step = dy.step;
  const float *start = dy.values<float>();
  for (int64_t o = 0; o < block_; o += lanes) {
    float patch[16 * lanes], half[24 * lanes];
    for (int64_t i = 0; i < 16; ++i) {
      const int64_t row = tile.y + i / 4 * dilation_, column = tile.x + i % 4 * dilation_;
      float *to_patch = patch + i * lanes;
      if (row < height && column < width) {
        const float *from =
            start + ((tile.image * height + row) * width + column) * dy_step + channel + o;
        std::copy(from, from + lanes, to_patch);
      } else {
        std::fill(to_patch, to_patch + lanes, 0.0f);
      }
    }
    for (int64_t column = 0; column < 4; ++column) {
      gradient_points(half + column * lanes, 4 * lanes, {patch + column * lanes, 4 * lanes});
    }
    for (int64_t row = 0; row < 6; ++row) {
      gradient_points(to + row * 6 * step + o, step, {half + row * 4 * lanes, lanes});
    }
  }
}

/// `[3, 3, lanes, I]` from the points of some outputs.
WIDE void Winograd::transform_back(float *to, const float *points, int64_t o) const {
  const int64_t in = shape_.in_channels;
  float half[18 * lanes], taps[9 * lanes];
  for (int64_t i = 0; i < in; ++i) {
    for (int64_t x = 0; x < 6; ++x) {
      tap_gradients(
          half + x * lanes, 6 * lanes, {points + (x * in + i) * block_ + o, 6 * in * block_});
    }
    for (int64_t y = 0; y < 3; ++y) {
      tap_gradients(taps + y * 3 * lanes, lanes, {half + y * 6 * lanes, lanes});
    }
    for (int64_t c = 0; c < 9 * lanes; ++c) to[c * in + i] = taps[c];
  }
}

void Winograd::weight_gradient(
    const Map &dy, const Map &x, int64_t image, void *workspace, const Rows &take) const {
  const int64_t in = shape_.in_channels;
  const int64_t x_step = tiles_ * in + lanes, dy_step = tiles_ * block_ + lanes;
  const int64_t result_step = in * block_;
  float *pixels = static_cast<float *>(workspace), *gradients = pixels + 36 * x_step;
  float *results = gradients + 36 * dy_step;
  const Product product(
      Desc({points, in, tiles_}, Type::f32, dnnl::memory::dims{x_step, 1, in}),
      Desc({points, tiles_, block_}, Type::f32, dnnl::memory::dims{dy_step, block_, 1}),
      Desc({points, in, block_}, Type::f32, Tag::abc));
  parallel_for_each(tiles_, [&](int64_t i) {
    transform_input(pixels + i * in, x_step, x, image * tiles_ + i);
  });
  for (int64_t channel = 0; channel < shape_.out_channels; channel += block_) {
    parallel_for_each(tiles_, [&](int64_t i) {
      transform_gradient(gradients + i * block_, dy_step, dy, image * tiles_ + i, channel);
    });
    parallel_units(36 / points, [&](int64_t i) {
      product.run(
          pixels + i * points * x_step, gradients + i * points * dy_step,
          results + i * points * result_step);
    });
    parallel_for_each(block_ / lanes, [&](int64_t part) {
      auto *taps = static_cast<float *>(scratch(
          Scratch::result, static_cast<std::size_t>(9 * lanes * in) * sizeof(float)));
      transform_back(taps, results, part * lanes);
      take(channel + part * lanes, lanes, taps);
    });
  }
}

}  // namespace rdd::onednn
