// The gradients of a convolution's weights and bias: each image's by itself, as an addend of an exact
// sum; or, where no sum is asked for, of the whole batch at once.
#include "COneDNN/exact_sum.h"
#include "COneDNN/convolution/convolution.h"
#include "COneDNN/convolution/depthwise.h"
#include "COneDNN/convolution/execution.h"
#include "COneDNN/convolution/slabs.h"
#include "COneDNN/convolution/tap_products.h"
#include "COneDNN/convolution/winograd.h"

#include <algorithm>
#include <vector>

namespace rdd::onednn {

namespace {

/// An image's gradient of the bias: each channel's sum over the rows in order, in double.
template <typename T>
std::vector<float> bias_of_image(const T *gradient, int64_t pixels, int64_t channels) {
  std::vector<double> sums(static_cast<std::size_t>(channels), 0.0);
  for (int64_t pixel = 0; pixel < pixels; ++pixel, gradient += channels) {
    for (int64_t c = 0; c < channels; ++c) sums[c] += static_cast<double>(gradient[c]);
  }
  return {sums.begin(), sums.end()};
}

void add_bias_gradients(ExactSum &sum, const at::Tensor &gradient, const ConvolutionShape &shape) {
  const int64_t pixels = shape.out[0] * shape.out[1], step = pixels * shape.out_channels;
  parallel_for_each(shape.batch, [&](int64_t image) {
    const auto values = gradient.scalar_type() == at::kFloat
        ? bias_of_image(gradient.data_ptr<float>() + image * step, pixels, shape.out_channels)
        : bias_of_image(
            gradient.data_ptr<at::BFloat16>() + image * step, pixels, shape.out_channels);
    sum.add(values.data(), 0, shape.out_channels);
  });
}

/// Adds the taps that `shape` keeps of a gradient `[kernel, O, I / groups]`.
void add_taps(ExactSum &sum, const float *values, const ConvolutionShape &shape) {
  const int64_t matrix = sum.matrix();
  for (int64_t tap = 0; tap < shape.kernel[0] * shape.kernel[1]; ++tap) {
    const int64_t y = shape.first[0] + tap / shape.kernel[1];
    const int64_t x = shape.first[1] + tap % shape.kernel[1];
    sum.add(values + tap * matrix, (y * shape.full_kernel[1] + x) * matrix, matrix);
  }
}

/// oneDNN's primitives, one for each slab of an image.
void add_by_primitives(
    ExactSum &sum, const at::Tensor &gradient, const at::Tensor &input,
    const ConvolutionShape &shape) {
  // A slab costs a sweep over the weights, which these pixels are to outweigh.
  constexpr int64_t least_pixels = 4096;
  ConvolutionShape kept = shape;  // as if there were no other taps
  kept.full_kernel = kept.kernel;
  kept.first = {0, 0};
  const std::vector<Slab> parts = slabs(kept, least_pixels);
  std::vector<std::shared_ptr<const ConvolutionPlan>> plans;
  for (const Slab &part : parts) {
    const SingleThread one;
    plans.push_back(convolution_plan(
        {Pass::backward_weights, part.shape, data_type(input.scalar_type()),
         dnnl::memory::data_type::f32, WeightOrder::taps, false}));
  }
  const auto count = static_cast<int64_t>(parts.size());
  const auto address = [](const at::Tensor &map, int64_t image, int64_t row) {
    const int64_t row_bytes =
        map.size(3) * map.size(1) * static_cast<int64_t>(map.element_size());
    return static_cast<char *>(map.data_ptr()) + (image * map.size(2) + row) * row_bytes;
  };
  parallel_units(shape.batch * count, [&](int64_t unit) {
    const int64_t image = unit / count;
    const Slab &part = parts[static_cast<std::size_t>(unit % count)];
    const ConvolutionPlan &plan = *plans[static_cast<std::size_t>(unit % count)];
    const int64_t taps = kept.kernel[0] * kept.kernel[1];
    auto *values = static_cast<float *>(scratch(
        Scratch::result, static_cast<std::size_t>(taps * sum.matrix()) * sizeof(float)));
    Arguments arguments;
    arguments[DNNL_ARG_SRC] =
        read(plan.source, address(input, image, part.input_row), Scratch::source);
    arguments[DNNL_ARG_DIFF_DST] =
        read(plan.destination, address(gradient, image, part.output_row), Scratch::destination);
    execute(plan, arguments, DNNL_ARG_DIFF_WEIGHTS, plan.weights, values, Scratch::weights);
    add_taps(sum, values, shape);
  });
}

void add_by_winograd(
    ExactSum &sum, const at::Tensor &gradient, const at::Tensor &input,
    const ConvolutionShape &shape) {
  const Winograd winograd(shape);
  void *workspace = scratch(
      Scratch::source, static_cast<std::size_t>(winograd.gradient_workspace_bytes()));
  const int64_t in = shape.in_channels, out = shape.out_channels;
  for (int64_t image = 0; image < shape.batch; ++image) {
    winograd.weight_gradient(
        {gradient.data_ptr<float>(), out}, {input.data_ptr<float>(), in}, image, workspace,
        [&](int64_t output, int64_t outputs, const float *taps) {
          for (int64_t tap = 0; tap < 9; ++tap) {
            sum.add(taps + tap * outputs * in, (tap * out + output) * in, outputs * in);
          }
        });
  }
}

at::Tensor winograd_weight_gradient(
    const at::Tensor &grad_y, const at::Tensor &x, const ConvolutionShape &shape) {
  const Winograd winograd(shape);
  void *workspace = scratch(
      Scratch::source, static_cast<std::size_t>(winograd.gradient_workspace_bytes()));
  const int64_t in = shape.in_channels, out = shape.out_channels;
  at::Tensor sum = at::zeros({out, in, 3, 3}, at::TensorOptions(at::kFloat));
  float *to = sum.data_ptr<float>();
  for (int64_t image = 0; image < shape.batch; ++image) {
    winograd.weight_gradient(
        {grad_y.data_ptr<float>(), out}, {x.data_ptr<float>(), in}, image, workspace,
        [&](int64_t output, int64_t outputs, const float *taps) {
          for (int64_t i = 0; i < outputs * in; ++i) {
            for (int64_t tap = 0; tap < 9; ++tap) {
              to[(output * in + i) * 9 + tap] += taps[tap * outputs * in + i];
            }
          }
        });
  }
  return sum;
}

at::Tensor bias_gradient(const at::Tensor &grad_y, bool wanted) {
  return wanted ? grad_y.sum({0, 2, 3}, false, at::kFloat) : at::Tensor();
}

}  // namespace

std::pair<at::Tensor, at::Tensor> convolution_backward_weights(
    const at::Tensor &grad_y, const at::Tensor &x, at::IntArrayRef weight_sizes, bool with_bias,
    const Window &window) {
  const ConvolutionShape shape(
      four(x.sizes(), "the input"), four(weight_sizes, "the weight"), window);
  check_output(grad_y, shape);
  TORCH_CHECK(grad_y.scalar_type() == x.scalar_type(), "convolution: the output's gradient is ",
      grad_y.scalar_type(), ", the input ", x.scalar_type());
  if (computed_type(x.scalar_type()) != x.scalar_type()) {
    return convolution_backward_weights(
        computable(grad_y), computable(x), weight_sizes, with_bias, window);
  }
  const at::Tensor input = channels_last(x), gradient = channels_last(grad_y);
  if (dilated_depthwise(shape)) {
    return {
        depthwise_backward_weights(gradient, input, shape),
        bias_gradient(gradient, with_bias)};
  }
  if (x.scalar_type() == at::kFloat && Winograd::suits(shape)) {
    return {winograd_weight_gradient(gradient, input, shape), bias_gradient(gradient, with_bias)};
  }
  const auto plan = convolution_plan(
      {Pass::backward_weights, shape, data_type(x.scalar_type()), dnnl::memory::data_type::f32,
       WeightOrder::plain, with_bias});
  const at::TensorOptions options(at::kFloat);
  at::Tensor dw =
      shape.trimmed() ? at::zeros(weight_sizes, options) : at::empty(weight_sizes, options);
  at::Tensor db = with_bias ? at::empty({shape.out_channels}, options) : at::Tensor();

  Arguments arguments;
  arguments[DNNL_ARG_SRC] = read(plan->source, input.data_ptr(), Scratch::source);
  arguments[DNNL_ARG_DIFF_DST] = read(plan->destination, gradient.data_ptr(), Scratch::destination);
  if (with_bias) arguments[DNNL_ARG_DIFF_BIAS] = wrap(plan->bias, db.data_ptr());
  execute(
      *plan, arguments, DNNL_ARG_DIFF_WEIGHTS, plan->weights,
      first_tap(dw, shape, WeightOrder::plain), Scratch::weights);
  return {dw, db};
}

void convolution_add_weight_gradients(
    ExactSum &weight_sum, ExactSum *bias_sum, const at::Tensor &grad_y, const at::Tensor &x,
    at::IntArrayRef weight_sizes, const Window &window) {
  const ConvolutionShape shape(
      four(x.sizes(), "the input"), four(weight_sizes, "the weight"), window);
  check_output(grad_y, shape);
  if (computed_type(x.scalar_type()) != x.scalar_type()) {
    return convolution_add_weight_gradients(
        weight_sum, bias_sum, computable(grad_y.to(x.scalar_type())), computable(x), weight_sizes,
        window);
  }
  const at::Tensor input = channels_last(x), gradient = channels_last(grad_y.to(x.scalar_type()));
  if (bias_sum != nullptr) add_bias_gradients(*bias_sum, gradient, shape);
  if (dilated_depthwise(shape)) {
    for (int64_t image = 0; image < shape.batch; ++image) {
      weight_sum.add(depthwise_backward_weights(
          gradient.narrow(0, image, 1), input.narrow(0, image, 1), shape.single()));
    }
  } else if (x.scalar_type() == at::kFloat && Winograd::suits(shape)) {
    add_by_winograd(weight_sum, gradient, input, shape);
  } else if (x.scalar_type() == at::kFloat && TapProducts::suits(shape)) {
    TapProducts(shape).add(weight_sum, gradient, input);
  } else {
    add_by_primitives(weight_sum, gradient, input, shape);
  }
}

}  // namespace rdd::onednn
