// The gradients of a convolution's weights and bias: each image's by itself, as an addend of an exact
// sum; or, where no sum is asked for, of the whole batch at once.
#include "COneDNN/convolution/convolution.h"
#include "COneDNN/convolution/depthwise.h"
#include "COneDNN/convolution/execution.h"
#include "COneDNN/convolution/slabs.h"
#include "COneDNN/convolution/tap_products.h"
#include "COneDNN/convolution/winograd.h"
#include "COneDNN/exact_sum.h"
#include "COneDNN/threads.h"

#include <algorithm>
#include <vector>

namespace rdd::onednn {

namespace {

/// An image's gradient of the bias: each channel's sum over the rows in order, in double.
template <typename T>
std::vector<float> bias_of_image(const T *gradient, int64_t pixels, int64_t channels) {
  std::vector<double> sums(static_cast<std::size_t>(channels), 0.0);
  for (int64_t pixel = 0; pixel < pixels; ++pixel, gradient += channels) {
    for (int64_t c = 0; c < channels; ++c) sums[c] += static_cast<double>(widen(gradient[c]));
  }
  return {sums.begin(), sums.end()};
}

void add_bias_gradients(ExactSum &sum, const Map &gradient) {
  const int64_t pixels = gradient.size[0] * gradient.size[1], channels = gradient.channels;
  for_short_type(gradient.type, [&](auto *type) {
    using T = std::remove_pointer_t<decltype(type)>;
    parallel_for_each(gradient.batch, [&](int64_t image) {
      const auto values = bias_of_image(
          gradient.values<T>() + image * pixels * channels, pixels, channels);
      sum.add(values.data(), 0, channels);
    });
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
    ExactSum &sum, const Map &gradient, const Map &input, const ConvolutionShape &shape) {
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
        {Pass::backward_weights, part.shape, data_type(input.type), Type::f32,
         WeightOrder::taps, false}));
  }
  const auto count = static_cast<int64_t>(parts.size());
  parallel_units(shape.batch * count, [&](int64_t unit) {
    const int64_t image = unit / count;
    const Slab &part = parts[static_cast<std::size_t>(unit % count)];
    const ConvolutionPlan &plan = *plans[static_cast<std::size_t>(unit % count)];
    const int64_t taps = kept.kernel[0] * kept.kernel[1];
    auto *values = static_cast<float *>(scratch(
        Scratch::result, static_cast<std::size_t>(taps * sum.matrix()) * sizeof(float)));
    Arguments arguments;
    arguments[DNNL_ARG_SRC] = read(plan.source, input.row(image, part.input_row), Scratch::source);
    arguments[DNNL_ARG_DIFF_DST] =
        read(plan.destination, gradient.row(image, part.output_row), Scratch::destination);
    execute(plan, arguments, DNNL_ARG_DIFF_WEIGHTS, plan.weights, values, Scratch::weights);
    add_taps(sum, values, shape);
  });
}

void add_by_winograd(
    ExactSum &sum, const Map &gradient, const Map &input, const ConvolutionShape &shape) {
  const Winograd winograd(shape);
  void *workspace = scratch(
      Scratch::source, static_cast<std::size_t>(winograd.gradient_workspace_bytes()));
  const int64_t in = shape.in_channels, out = shape.out_channels;
  for (int64_t image = 0; image < shape.batch; ++image) {
    winograd.weight_gradient(
        gradient, input, image, workspace,
        [&](int64_t output, int64_t outputs, const float *taps) {
          for (int64_t tap = 0; tap < 9; ++tap) {
            sum.add(taps + tap * outputs * in, (tap * out + output) * in, outputs * in);
          }
        });
  }
}

void winograd_weight_gradient(
    float *dw, const Map &dy, const Map &x, const ConvolutionShape &shape) {
  const Winograd winograd(shape);
  void *workspace = scratch(
      Scratch::source, static_cast<std::size_t>(winograd.gradient_workspace_bytes()));
  const int64_t in = shape.in_channels;
  std::fill_n(dw, shape.weights_count(), 0.0f);
  for (int64_t image = 0; image < shape.batch; ++image) {
    winograd.weight_gradient(
        dy, x, image, workspace, [&](int64_t output, int64_t outputs, const float *taps) {
          for (int64_t i = 0; i < outputs * in; ++i) {
            for (int64_t tap = 0; tap < 9; ++tap) {
              dw[(output * in + i) * 9 + tap] += taps[tap * outputs * in + i];
            }
          }
        });
  }
}

bool by_winograd(const ConvolutionShape &shape, Element type) {
  return type == Element::float32 && Winograd::suits(shape);
}

}  // namespace

bool has_own_weight_gradient(const ConvolutionShape &shape, Element type) {
  return dilated_depthwise(shape) || by_winograd(shape, type);
}

void convolution_backward_weights(
    float *dw, float *db, const Map &dy, const Map &x, const ConvolutionShape &shape) {
  if (dilated_depthwise(shape)) return depthwise_backward_weights(dw, dy, x, shape);
  if (by_winograd(shape, x.type)) return winograd_weight_gradient(dw, dy, x, shape);
  const auto plan = convolution_plan(
      {Pass::backward_weights, shape, data_type(x.type), Type::f32, WeightOrder::plain,
       db != nullptr});
  const Weights gradient{dw, Element::float32, WeightOrder::plain};
  if (shape.trimmed()) std::fill_n(dw, shape.weights_count(), 0.0f);
  Arguments arguments;
  arguments[DNNL_ARG_SRC] = read(plan->source, x.data, Scratch::source);
  arguments[DNNL_ARG_DIFF_DST] = read(plan->destination, dy.data, Scratch::destination);
  if (db != nullptr) arguments[DNNL_ARG_DIFF_BIAS] = memory_at(plan->bias, db);
  execute(
      *plan, arguments, DNNL_ARG_DIFF_WEIGHTS, plan->weights, gradient.first_tap(shape),
      Scratch::weights);
}

void convolution_add_weight_gradients(
    ExactSum &weight_sum, ExactSum *bias_sum, const Map &dy, const Map &x,
    const ConvolutionShape &shape) {
  check(
      weight_sum.count() == shape.weights_count()
          && (bias_sum == nullptr || bias_sum->count() == shape.out_channels),
      "convolution: the exact sums do not have the sizes of the parameters");
  if (bias_sum != nullptr) add_bias_gradients(*bias_sum, dy);
  if (dilated_depthwise(shape)) {
    std::vector<float> values(static_cast<std::size_t>(weight_sum.count()));
    for (int64_t image = 0; image < shape.batch; ++image) {
      depthwise_backward_weights(values.data(), dy.image(image), x.image(image), shape.single());
      weight_sum.add(values.data());
    }
  } else if (by_winograd(shape, x.type)) {
    add_by_winograd(weight_sum, dy, x, shape);
  } else if (x.type == Element::float32 && TapProducts::suits(shape)) {
    TapProducts(shape).add(weight_sum, dy, x);
  } else {
    add_by_primitives(weight_sum, dy, x, shape);
  }
}

}  // namespace rdd::onednn
