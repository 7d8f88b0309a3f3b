#include "onednn_convolution.h"

#include "onednn_common.h"
#include "onednn_depthwise.h"
#include "onednn_plan.h"
#include "onednn_winograd.h"

#include <algorithm>
#include <unordered_map>

namespace rdd::onednn {

namespace {

using Arguments = std::unordered_map<int, dnnl::memory>;

std::array<int64_t, 4> four(at::IntArrayRef sizes, const char *what) {
  TORCH_CHECK(
      sizes.size() == 4, "convolution: ", what, " has ", sizes.size(), " dimensions, not 4");
  return {sizes[0], sizes[1], sizes[2], sizes[3]};
}

dnnl::memory wrap(const dnnl::memory::desc &desc, void *data) {
  return dnnl::memory(desc, engine(), data);
}

/// Weights that oneDNN can read in place: OIHW or channels last.
struct Weights {
  at::Tensor tensor;
  bool last;

  explicit Weights(const at::Tensor &weight)
      : last(!weight.is_contiguous() && weight.is_contiguous(at::MemoryFormat::ChannelsLast)) {
    tensor = last ? weight : weight.contiguous();
  }
};

template <typename T>
void turn(T *__restrict to, const T *__restrict from, int64_t outputs, int64_t inputs, int64_t taps) {
  constexpr int64_t tile = 16;  // outputs at a time, so that what is read stays in the cache
  for (int64_t first = 0; first < outputs; first += tile) {
    const int64_t end = std::min(first + tile, outputs);
    for (int64_t i = 0; i < inputs; ++i) {
      for (int64_t o = first; o < end; ++o) {
        const T *source = from + (o * inputs + i) * taps;
        T *target = to + (i * outputs + o) * taps;
        for (int64_t tap = 0; tap < taps; ++tap) target[tap] = source[taps - 1 - tap];
      }
    }
  }
}

/// The kernel `[I, O, kh, kw]` that carries a gradient back by a forward convolution: turned by 180
/// degrees, inputs and outputs exchanged.
at::Tensor turned(const at::Tensor &weight) {
  const at::Tensor from = weight.contiguous();
  const int64_t outputs = from.size(0), inputs = from.size(1), taps = from.size(2) * from.size(3);
  at::Tensor to = at::empty({inputs, outputs, from.size(2), from.size(3)}, from.options());
  turn(to.data_ptr<float>(), from.data_ptr<float>(), outputs, inputs, taps);
  return to;
}

/// The address of the first tap that `shape` keeps.
void *first_tap(const at::Tensor &weights, const ConvolutionShape &shape, bool last) {
  return static_cast<char *>(weights.data_ptr())
      + shape.weights_offset(last) * static_cast<int64_t>(weights.element_size());
}

/// A tensor as the primitive reads it: itself, or reordered into scratch.
dnnl::memory read(const ConvolutionPlan::Operand &operand, void *data, Scratch use) {
  dnnl::memory plain = wrap(operand.plain, data);
  if (!operand.reordered) return plain;
  dnnl::memory own = wrap(operand.own, scratch(use, operand.own.get_size()));
  operand.reorder.execute(stream(), plain, own);
  return own;
}

/// Runs the primitive; `result` is the argument that it computes, `data` the tensor for it.
void execute(
    const ConvolutionPlan &plan, Arguments &arguments, int result,
    const ConvolutionPlan::Operand &operand, void *data, Scratch use) {
  dnnl::memory plain = wrap(operand.plain, data);
  dnnl::memory own =
      operand.reordered ? wrap(operand.own, scratch(use, operand.own.get_size())) : plain;
  arguments[result] = own;
  arguments[DNNL_ARG_SCRATCHPAD] =
      wrap(plan.scratchpad, scratch(Scratch::primitive, plan.scratchpad.get_size()));
  plan.primitive.execute(stream(), arguments);
  if (operand.reordered) operand.reorder.execute(stream(), own, plain);
  stream().wait();
}

void check_output(const at::Tensor &grad_y, const ConvolutionShape &shape) {
  const std::array<int64_t, 4> expected{
      shape.batch, shape.out_channels, shape.out[0], shape.out[1]};
  TORCH_CHECK(
      grad_y.sizes() == at::IntArrayRef(expected), "convolution: the output's gradient is ",
      grad_y.sizes(), "; expected ", at::IntArrayRef(expected));
}

/// sums += values, float64 and float32, both row-major.
void add(at::Tensor &sums, const at::Tensor &values) {
  TORCH_CHECK(sums.is_contiguous() && sums.scalar_type() == at::kDouble,
      "convolution: gradients are added to ", sums.scalar_type(), "; expected row-major float64");
  constexpr int64_t block = 1 << 16;
  const int64_t count = sums.numel();
  double *to = sums.data_ptr<double>();
  const float *from = values.data_ptr<float>();
  parallel_for_each((count + block - 1) / block, [&](int64_t part) {
    const int64_t end = std::min(count, (part + 1) * block);
    for (int64_t i = part * block; i < end; ++i) to[i] += static_cast<double>(from[i]);
  });
}

/// The bias in float32; undefined if there is none.
at::Tensor single(const std::optional<at::Tensor> &bias, const ConvolutionShape &shape) {
  if (!bias) return at::Tensor();
  TORCH_CHECK(bias->numel() == shape.out_channels, "convolution: the bias has ", bias->numel(),
      " elements; expected ", shape.out_channels);
  return bias->to(at::kFloat).contiguous();
}

at::Tensor winograd_forward(
    const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias,
    const ConvolutionShape &shape) {
  const Winograd winograd(shape);
  const at::Tensor addend = single(bias, shape);
  at::Tensor y = empty_channels_last(shape.output_dims(), at::kFloat);
  winograd.run(
      {y.data_ptr<float>(), shape.out_channels}, {x.data_ptr<float>(), shape.in_channels},
      Winograd::taps(weight).data_ptr<float>(),
      addend.defined() ? addend.data_ptr<float>() : nullptr, false, Activation::none,
      scratch(Scratch::source, static_cast<std::size_t>(winograd.workspace_bytes())));
  return y;
}

at::Tensor winograd_weight_gradient(
    const at::Tensor &grad_y, const at::Tensor &x, const ConvolutionShape &shape) {
  const Winograd winograd(shape);
  void *workspace = scratch(
      Scratch::source, static_cast<std::size_t>(winograd.gradient_workspace_bytes()));
  at::Tensor sum;
  for (int64_t image = 0; image < shape.batch; ++image) {
    at::Tensor part =
        at::empty({shape.out_channels, shape.in_channels, 3, 3}, at::TensorOptions(at::kFloat));
    winograd.weight_gradient(
        part.data_ptr<float>(), {grad_y.data_ptr<float>(), shape.out_channels},
        {x.data_ptr<float>(), shape.in_channels}, image, workspace);
    sum = image == 0 ? part : sum.add_(part);
  }
  return sum;
}

at::Tensor bias_gradient(const at::Tensor &grad_y, bool wanted) {
  return wanted ? grad_y.sum({0, 2, 3}, false, at::kFloat) : at::Tensor();
}

}  // namespace

bool supported(const at::Tensor &x) {
  return x.device().is_cpu() && x.dim() == 4 && x.numel() > 0
      && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

at::Tensor convolution_forward(
    const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias,
    const Window &window) {
  const ConvolutionShape shape(
      four(x.sizes(), "the input"), four(weight.sizes(), "the weight"), window);
  const at::Tensor input = channels_last(x);
  if (x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat
      && Winograd::suits(shape)) {
    return winograd_forward(input, weight, bias, shape);
  }
  const Weights weights(weight);
  const auto plan = convolution_plan(
      {Pass::forward, shape, data_type(x.scalar_type()), data_type(weight.scalar_type()),
       weights.last, bias.has_value()});
  at::Tensor y = empty_channels_last(shape.output_dims(), x.scalar_type());

  Arguments arguments;
  arguments[DNNL_ARG_SRC] = read(plan->source, input.data_ptr(), Scratch::source);
  arguments[DNNL_ARG_WEIGHTS] = read(
      plan->weights, first_tap(weights.tensor, shape, weights.last), Scratch::weights);
  const at::Tensor bias_values = single(bias, shape);
  if (bias) {
    arguments[DNNL_ARG_BIAS] = wrap(plan->bias, bias_values.data_ptr());
  }
  execute(
      *plan, arguments, DNNL_ARG_DST, plan->destination, y.data_ptr(), Scratch::destination);
  return y;
}

at::Tensor convolution_backward_data(
    const at::Tensor &grad_y, const at::Tensor &weight, at::IntArrayRef x_sizes,
    const Window &window) {
  const ConvolutionShape shape(
      four(x_sizes, "the input"), four(weight.sizes(), "the weight"), window);
  check_output(grad_y, shape);
  // oneDNN's kernels are faster forward than backward, by a third to two thirds.
  const bool dense = shape.groups == 1 && weight.scalar_type() == at::kFloat;
  if ((dense || dilated_depthwise(shape)) && shape.stride == Pair{1, 1}) {
    // The same as the convolution of the gradient with the kernel turned by 180 degrees.
    Window around = window;
    for (int axis = 0; axis < 2; ++axis) {
      around.padding[axis] =
          window.dilation[axis] * (shape.full_kernel[axis] - 1) - window.padding[axis];
    }
    if (around.padding[0] >= 0 && around.padding[1] >= 0) {
      return convolution_forward(
          grad_y, dense ? turned(weight) : weight.flip({2, 3}), std::nullopt, around);
    }
  }
  const at::Tensor gradient = channels_last(grad_y);
  const Weights weights(weight);
  const auto plan = convolution_plan(
      {Pass::backward_data, shape, data_type(grad_y.scalar_type()),
       data_type(weight.scalar_type()), weights.last, false});
  at::Tensor dx = empty_channels_last(x_sizes, grad_y.scalar_type());

  Arguments arguments;
  arguments[DNNL_ARG_DIFF_DST] = read(plan->destination, gradient.data_ptr(), Scratch::destination);
  arguments[DNNL_ARG_WEIGHTS] = read(
      plan->weights, first_tap(weights.tensor, shape, weights.last), Scratch::weights);
  execute(*plan, arguments, DNNL_ARG_DIFF_SRC, plan->source, dx.data_ptr(), Scratch::source);
  return dx;
}

std::pair<at::Tensor, at::Tensor> convolution_backward_weights(
    const at::Tensor &grad_y, const at::Tensor &x, at::IntArrayRef weight_sizes, bool with_bias,
    const Window &window) {
  const ConvolutionShape shape(
      four(x.sizes(), "the input"), four(weight_sizes, "the weight"), window);
  check_output(grad_y, shape);
  TORCH_CHECK(grad_y.scalar_type() == x.scalar_type(), "convolution: the output's gradient is ",
      grad_y.scalar_type(), ", the input ", x.scalar_type());
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
       false, with_bias});
  const at::TensorOptions options(at::kFloat);
  at::Tensor dw =
      shape.trimmed() ? at::zeros(weight_sizes, options) : at::empty(weight_sizes, options);
  at::Tensor db = with_bias ? at::empty({shape.out_channels}, options) : at::Tensor();

  Arguments arguments;
  arguments[DNNL_ARG_SRC] = read(plan->source, input.data_ptr(), Scratch::source);
  arguments[DNNL_ARG_DIFF_DST] = read(plan->destination, gradient.data_ptr(), Scratch::destination);
  if (with_bias) arguments[DNNL_ARG_DIFF_BIAS] = wrap(plan->bias, db.data_ptr());
  execute(
      *plan, arguments, DNNL_ARG_DIFF_WEIGHTS, plan->weights, first_tap(dw, shape, false),
      Scratch::weights);
  return {dw, db};
}

void convolution_add_weight_gradients(
    at::Tensor &weight_sums, at::Tensor &bias_sums, const at::Tensor &grad_y, const at::Tensor &x,
    const Window &window) {
  const at::Tensor input = channels_last(x), gradient = channels_last(grad_y);
  for (int64_t image = 0; image < x.size(0); ++image) {
    auto [dw, db] = convolution_backward_weights(
        gradient.narrow(0, image, 1), input.narrow(0, image, 1), weight_sums.sizes(),
        bias_sums.defined(), window);
    add(weight_sums, dw);
    if (bias_sums.defined()) add(bias_sums, db);
  }
}

}  // namespace rdd::onednn
