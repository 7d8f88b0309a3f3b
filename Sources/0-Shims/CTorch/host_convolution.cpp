#include "host_convolution.h"

#include "COneDNN/convolution/convolution.h"
#include "host_maps.h"

namespace rdd {

namespace {

using onednn::ConvolutionShape;
using onednn::WeightOrder;
using onednn::Weights;
using onednn::Window;

/// The sizes of a tensor of four dimensions; `what` names it.
std::array<int64_t, 4> four(at::IntArrayRef sizes, const char *what) {
  TORCH_CHECK(
      sizes.size() == 4, "convolution: ", what, " has ", sizes.size(), " dimensions, not 4");
  return {sizes[0], sizes[1], sizes[2], sizes[3]};
}

ConvolutionShape shape_of(at::IntArrayRef x, at::IntArrayRef weight, const Window &window) {
  return ConvolutionShape(four(x, "the input"), four(weight, "the weight"), window);
}

/// Throws unless a result's gradient has the result's sizes.
void check_output(const at::Tensor &grad_y, const ConvolutionShape &shape) {
  const std::array<int64_t, 4> expected{
      shape.batch, shape.out_channels, shape.out[0], shape.out[1]};
  TORCH_CHECK(
      grad_y.sizes() == at::IntArrayRef(expected), "convolution: the output's gradient is ",
      grad_y.sizes(), "; expected ", at::IntArrayRef(expected));
}

bool is_computable(const at::Tensor &tensor) {
  return computed_type(tensor.scalar_type()) == tensor.scalar_type();
}

/// Weights that oneDNN can read in place: row-major or channels last.
struct HeldWeights {
  at::Tensor tensor;
  Weights weights;

  explicit HeldWeights(const at::Tensor &weight) {
    const bool last =
        !weight.is_contiguous() && weight.is_contiguous(at::MemoryFormat::ChannelsLast);
    tensor = last ? weight : weight.contiguous();
    weights = {
        tensor.data_ptr(), element_of(tensor.scalar_type()),
        last ? WeightOrder::last : WeightOrder::plain};
  }
};

}  // namespace

bool supported(const at::Tensor &x) {
  return x.device().is_cpu() && x.dim() == 4 && x.numel() > 0
      && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

at::Tensor convolution_forward(
    const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias,
    const Window &window) {
  const ConvolutionShape shape = shape_of(x.sizes(), weight.sizes(), window);
  if (!is_computable(x)) {
    return convolution_forward(computable(x), computable(weight), bias, window)
        .to(x.scalar_type());
  }
  const at::Tensor input = channels_last(x);
  const HeldWeights held(weight);
  at::Tensor addend;
  if (bias) {
    TORCH_CHECK(
        bias->numel() == shape.out_channels, "convolution: the bias has ", bias->numel(),
        " elements; expected ", shape.out_channels);
    addend = bias->to(at::kFloat).contiguous();
  }
  at::Tensor y = empty_channels_last(shape.output_dims(), x.scalar_type());
  onednn::convolution_forward(
      map_of(y), map_of(input), held.weights, bias ? addend.data_ptr<float>() : nullptr, shape);
  return y;
}

at::Tensor convolution_backward_data(
    const at::Tensor &grad_y, const at::Tensor &weight, at::IntArrayRef x_sizes,
    const Window &window) {
  const ConvolutionShape shape = shape_of(x_sizes, weight.sizes(), window);
  check_output(grad_y, shape);
  if (!is_computable(grad_y)) {
    return convolution_backward_data(computable(grad_y), computable(weight), x_sizes, window)
        .to(grad_y.scalar_type());
  }
  const at::Tensor gradient = channels_last(grad_y);
  const HeldWeights held(weight);
  at::Tensor dx = empty_channels_last(x_sizes, grad_y.scalar_type());
  onednn::convolution_backward_data(map_of(dx), map_of(gradient), held.weights, shape, window);
  return dx;
}

std::pair<at::Tensor, at::Tensor> convolution_backward_weights(
    const at::Tensor &grad_y, const at::Tensor &x, at::IntArrayRef weight_sizes, bool with_bias,
    const Window &window) {
  const ConvolutionShape shape = shape_of(x.sizes(), weight_sizes, window);
  check_output(grad_y, shape);
  TORCH_CHECK(grad_y.scalar_type() == x.scalar_type(), "convolution: the output's gradient is ",
      grad_y.scalar_type(), ", the input ", x.scalar_type());
  if (!is_computable(x)) {
    return convolution_backward_weights(
        computable(grad_y), computable(x), weight_sizes, with_bias, window);
  }
  const at::Tensor input = channels_last(x), gradient = channels_last(grad_y);
  const at::TensorOptions options(at::kFloat);
  at::Tensor dw = at::empty(weight_sizes, options), db;
  // Only oneDNN's own primitive sums the bias's gradient along with the weights'.
  const bool apart = onednn::has_own_weight_gradient(shape, element_of(x.scalar_type()));
  if (with_bias) {
    db = apart ? gradient.sum({0, 2, 3}, false, at::kFloat)
               : at::empty({shape.out_channels}, options);
  }
  onednn::convolution_backward_weights(
      dw.data_ptr<float>(), with_bias && !apart ? db.data_ptr<float>() : nullptr,
      map_of(gradient), map_of(input), shape);
  return {dw, db};
}

void convolution_add_weight_gradients(
    onednn::ExactSum &weight_sum, onednn::ExactSum *bias_sum, const at::Tensor &grad_y,
    const at::Tensor &x, at::IntArrayRef weight_sizes, const Window &window) {
  const ConvolutionShape shape = shape_of(x.sizes(), weight_sizes, window);
  check_output(grad_y, shape);
  const at::Tensor input = channels_last(computable(x));
  const at::Tensor gradient = channels_last(computable(grad_y.to(x.scalar_type())));
  onednn::convolution_add_weight_gradients(
      weight_sum, bias_sum, map_of(gradient), map_of(input), shape);
}

}  // namespace rdd
