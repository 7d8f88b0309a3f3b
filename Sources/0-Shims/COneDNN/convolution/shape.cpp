#include "COneDNN/convolution/shape.h"

#include "COneDNN/check.h"

#include <algorithm>

namespace rdd::onednn {

namespace {

/// Leaves out the taps of one axis that meet nothing but padding.
void trim(ConvolutionShape &shape, int axis, int64_t padding) {
  const int64_t size = shape.in[axis], out = shape.out[axis];
  const int64_t stride = shape.stride[axis], dilation = shape.dilation[axis];
  const auto meets_input = [&](int64_t tap) {
    const int64_t start = tap * dilation - padding;
    for (int64_t i = 0; i < out; ++i) {
      const int64_t position = start + i * stride;
      if (position >= 0 && position < size) return true;
    }
    return false;
  };
  int64_t first = 0, end = shape.full_kernel[axis];
  while (first < end - 1 && !meets_input(first)) ++first;
  while (end > first + 1 && !meets_input(end - 1)) --end;

  int64_t before = padding - first * dilation;
  int64_t extent = (end - first - 1) * dilation + 1;
  int64_t after = (out - 1) * stride + extent - size - before;
  if (before < 0 || after <= -stride) {  // oneDNN has no negative padding: keep every tap
    first = 0;
    end = shape.full_kernel[axis];
    before = padding;
    extent = (end - 1) * dilation + 1;
    after = (out - 1) * stride + extent - size - before;
  }
  shape.first[axis] = first;
  shape.kernel[axis] = end - first;
  shape.before[axis] = before;
  shape.after[axis] = std::max<int64_t>(after, 0);
}

}  // namespace

ConvolutionShape::ConvolutionShape(
    const std::array<int64_t, 4> &x, const std::array<int64_t, 4> &weights, const Window &window)
    : batch(x[0]),
      in_channels(x[1]),
      out_channels(weights[0]),
      groups(window.groups),
      in{x[2], x[3]},
      stride(window.stride),
      dilation(window.dilation),
      full_kernel{weights[2], weights[3]} {
  check(
      groups >= 1 && weights[1] * groups == in_channels && out_channels % groups == 0,
      "convolution: weights [", weights[0], ", ", weights[1], ", ", weights[2], ", ", weights[3],
      "] with ", groups, " groups do not fit an input of ", in_channels, " channels");
  for (int axis = 0; axis < 2; ++axis) {
    check(
        stride[axis] >= 1 && dilation[axis] >= 1 && window.padding[axis] >= 0,
        "convolution: stride and dilation must be at least 1, padding at least 0");
    const int64_t extent = (full_kernel[axis] - 1) * dilation[axis] + 1;
    const int64_t room = in[axis] + 2 * window.padding[axis] - extent;
    check(
        room >= 0, "convolution: a kernel of extent ", extent, " exceeds the padded input of ",
        in[axis] + 2 * window.padding[axis]);
    out[axis] = room / stride[axis] + 1;
    trim(*this, axis, window.padding[axis]);
  }
}

dnnl::memory::dims ConvolutionShape::weights_dims() const {
  if (groups == 1) return {out_channels, in_channels, kernel[0], kernel[1]};
  return {groups, out_channels / groups, in_channels / groups, kernel[0], kernel[1]};
}

dnnl::memory::dims ConvolutionShape::weights_strides(WeightOrder order) const {
  const int64_t inner = in_channels / groups, rows = full_kernel[0], columns = full_kernel[1];
  const int64_t filter = inner * rows * columns, matrix = out_channels * inner;
  dnnl::memory::dims strides;
  int64_t output = filter;
  switch (order) {
    case WeightOrder::plain: strides = {filter, rows * columns, columns, 1}; break;
    case WeightOrder::last: strides = {filter, 1, columns * inner, inner}; break;
    case WeightOrder::taps:
      strides = {inner, 1, columns * matrix, matrix};
      output = inner;
      break;
  }
  if (groups > 1) strides.insert(strides.begin(), output * (out_channels / groups));
  return strides;
}

int64_t ConvolutionShape::weights_offset(WeightOrder order) const {
  const int64_t tap = first[0] * full_kernel[1] + first[1], inner = in_channels / groups;
  switch (order) {
    case WeightOrder::plain: return tap;
    case WeightOrder::last: return tap * inner;
    default: return tap * out_channels * inner;
  }
}

ConvolutionShape ConvolutionShape::single() const {
  ConvolutionShape one = *this;
  one.batch = 1;
  return one;
}

}  // namespace rdd::onednn
