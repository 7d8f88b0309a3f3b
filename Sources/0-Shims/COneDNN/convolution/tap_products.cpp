#include "COneDNN/convolution/tap_products.h"

#include "COneDNN/arithmetic.h"
#include "COneDNN/memory.h"
#include "COneDNN/threads.h"

#include <algorithm>
#include <cstring>

namespace rdd::onednn {

namespace {

/// The product of the transposed gradient `[pixels, O]`, of which `rows` columns count, and the pixels
/// `[pixels, I]` that a tap sees.
Product product(const ConvolutionShape &shape, int64_t rows, int64_t pixels) {
  const Desc left({rows, pixels}, Type::f32, dnnl::memory::dims{1, shape.out_channels});
  const Desc right({pixels, shape.in_channels}, Type::f32, Tag::ab);
  const Desc result({rows, shape.in_channels}, Type::f32, Tag::ab);
  return {left, right, result};
}

}  // namespace

bool TapProducts::suits(const ConvolutionShape &shape) {
  const int64_t pixels = shape.out[0] * shape.out[1];
  const int64_t weights =
      shape.in_channels * shape.out_channels * shape.kernel[0] * shape.kernel[1];
  return shape.groups == 1 && pixels <= 1024 && weights >= 1 << 14 && weights >= 16 * pixels;
}

TapProducts::TapProducts(const ConvolutionShape &shape)
    : shape_(shape), pixels_(shape.out[0] * shape.out[1]) {
  // Units of a quarter of a megabyte stay in the cache while the images pass.
  rows_ = std::min(
      shape.out_channels, std::clamp<int64_t>((1 << 15) / shape.in_channels / 16 * 16, 16, 128));
  product_ = product(shape, rows_, pixels_);
  const int64_t rest = shape.out_channels % rows_;
  if (rest > 0) last_product_ = product(shape, rest, pixels_);
}

/// One row of the pixels that a tap sees, `[out width, I]`, zeros outside of the image.
void TapProducts::gather(float *to, const float *image, int64_t tap, int64_t row) const {
  const int64_t channels = shape_.in_channels, width = shape_.out[1];
  const int64_t y = row * shape_.stride[0] - shape_.before[0]
      + tap / shape_.kernel[1] * shape_.dilation[0];
  const int64_t start = tap % shape_.kernel[1] * shape_.dilation[1] - shape_.before[1];
  const auto size = static_cast<std::size_t>(channels) * sizeof(float);
  for (int64_t column = 0; column < width; ++column, to += channels) {
    const int64_t x = column * shape_.stride[1] + start;
    if (y < 0 || y >= shape_.in[0] || x < 0 || x >= shape_.in[1]) {
      std::memset(to, 0, size);
    } else {
      std::memcpy(to, image + (y * shape_.in[1] + x) * channels, size);
    }
  }
}

void TapProducts::add(ExactSum &sum, const Map &gradient, const Map &input) const {
  const int64_t in = shape_.in_channels, out = shape_.out_channels;
  const int64_t image_size = shape_.in[0] * shape_.in[1] * in, seen_size = pixels_ * in;
  const bool copies = shape_.full_kernel != Pair{1, 1} || shape_.stride != Pair{1, 1}
      || shape_.before != Pair{0, 0};
  constexpr int64_t most = 1 << 22;  // values that are gathered together
  const int64_t together =
      copies ? std::clamp<int64_t>(most / seen_size, 1, shape_.batch) : shape_.batch;
  float *seen = copies ? static_cast<float *>(scratch(
                             Scratch::source,
                             static_cast<std::size_t>(together * seen_size) * sizeof(float)))
                       : nullptr;
  const float *pixels = input.values<float>();
  const int64_t parts = ceil_div(out, rows_);
  for (int64_t tap = 0; tap < shape_.kernel[0] * shape_.kernel[1]; ++tap) {
    const int64_t place = (shape_.first[0] + tap / shape_.kernel[1]) * shape_.full_kernel[1]
        + shape_.first[1] + tap % shape_.kernel[1];
    for (int64_t first = 0; first < shape_.batch; first += together) {
      const int64_t end = std::min(shape_.batch, first + together), rows = shape_.out[0];
      if (copies) {
        parallel_for_each((end - first) * rows, [&](int64_t row) {
          gather(
              seen + (row / rows * pixels_ + row % rows * shape_.out[1]) * in,
              pixels + (first + row / rows) * image_size, tap, row % rows);
        });
      }
      parallel_units(parts, [&](int64_t part) {
        const int64_t output = part * rows_, count = std::min(rows_, out - output);
        const Product &product = count == rows_ ? product_ : last_product_;
        auto *values = static_cast<float *>(scratch(
            Scratch::result, static_cast<std::size_t>(count * in) * sizeof(float)));
        for (int64_t image = first; image < end; ++image) {
          const float *left = gradient.values<float>() + image * pixels_ * out + output;
          const float *right =
              copies ? seen + (image - first) * seen_size : pixels + image * image_size;
          product.run(left, right, values);
          sum.add(values, (place * out + output) * in, count * in);
        }
      });
    }
  }
}

}  // namespace rdd::onednn
