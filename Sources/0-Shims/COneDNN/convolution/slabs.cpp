#include "COneDNN/convolution/slabs.h"

#include "COneDNN/arithmetic.h"

#include <algorithm>

namespace rdd::onednn {

namespace {

/// Rows `[first, end)` of the result.
Slab slab(const ConvolutionShape &whole, int64_t first, int64_t end) {
  Slab part{whole, 0, first};
  const int64_t reach = (whole.kernel[0] - 1) * whole.dilation[0];
  const int64_t top = first * whole.stride[0] - whole.before[0];
  const int64_t bottom = (end - 1) * whole.stride[0] - whole.before[0] + reach + 1;
  const int64_t from = std::max<int64_t>(0, top), to = std::min(whole.in[0], bottom);
  part.input_row = from;
  part.shape.batch = 1;
  part.shape.in[0] = to - from;
  part.shape.out[0] = end - first;
  part.shape.before[0] = from - top;
  part.shape.after[0] = bottom - to;
  return part;
}

}  // namespace

std::vector<Slab> slabs(const ConvolutionShape &shape, int64_t least_pixels) {
  constexpr int64_t most = 8, products = 1 << 24;  // some 0.3 ms of one core
  const int64_t rows = shape.out[0], pixels = rows * shape.out[1];
  const int64_t work = pixels * shape.out_channels * (shape.in_channels / shape.groups)
      * shape.kernel[0] * shape.kernel[1];
  const int64_t count = std::clamp<int64_t>(
      std::min({work / products, pixels / least_pixels, rows / 4}), 1, most);
  const int64_t height = ceil_div(rows, count);
  std::vector<Slab> parts;
  for (int64_t first = 0; first < rows; first += height) {
    parts.push_back(slab(shape, first, std::min(rows, first + height)));
    // Nothing but padding: not worth a cut.
    if (parts.back().shape.in[0] <= 0) return {slab(shape, 0, rows)};
  }
  return parts;
}

}  // namespace rdd::onednn
