#include "COneDNN/convolution/convolution.h"

#include "COneDNN/convolution/depthwise.h"
#include "COneDNN/convolution/execution.h"
#include "COneDNN/convolution/slabs.h"
#include "COneDNN/convolution/winograd.h"

#include <algorithm>
#include <vector>

namespace rdd::onednn {

namespace {

/// Weights that oneDNN can read in place: row-major or channels last.
struct Weights {
  at::Tensor tensor;
  WeightOrder order;

  explicit Weights(const at::Tensor &weight) {
    const bool last =
        !weight.is_contiguous() && weight.is_contiguous(at::MemoryFormat::ChannelsLast);
    order = last ? WeightOrder::last : WeightOrder::plain;
    tensor = last ? weight : weight.contiguous();
  }
};

/// Weights in the layouts of several plans, packed once for each layout.
class PackedOnce {
 public:
  dnnl::memory operator()(const ConvolutionPlan &plan, void *data) {
    const dnnl::memory::desc &wanted = plan.weights.own;
    if (!plan.weights.reordered) return wrap(plan.weights.plain, data);
    for (const dnnl::memory &memory : packed_) {
      if (memory.get_desc() == wanted) return memory;
    }
    buffers_.push_back(at::empty(
        {static_cast<int64_t>(wanted.get_size())}, at::TensorOptions(at::kByte)));
    dnnl::memory from = wrap(plan.weights.plain, data);
    dnnl::memory to = wrap(wanted, buffers_.back().data_ptr());
    // By all threads: what is moved is not added.
    dnnl::reorder(from, to).execute(stream(), from, to);
    stream().wait();
    packed_.push_back(to);
    return to;
  }

 private:
  std::vector<at::Tensor> buffers_;
  std::vector<dnnl::memory> packed_;
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

/// Bytes of one row of a channels-last map.
int64_t row_bytes(const at::Tensor &map) {
  return map.size(3) * map.size(1) * static_cast<int64_t>(map.element_size());
}

/// The address of a row of an image.
void *row(const at::Tensor &map, int64_t image, int64_t index) {
  return static_cast<char *>(map.data_ptr()) + (image * map.size(2) + index) * row_bytes(map);
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
  if (computed_type(x.scalar_type()) != x.scalar_type()) {
    return convolution_forward(computable(x), computable(weight), bias, window)
        .to(x.scalar_type());
  }
  const at::Tensor input = channels_last(x);
  if (x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat
      && Winograd::suits(shape)) {
    return winograd_forward(input, weight, bias, shape);
  }
  const Weights weights(weight);
  const at::Tensor bias_values = single(bias, shape);
  at::Tensor y = empty_channels_last(shape.output_dims(), x.scalar_type());
  constexpr int64_t least_pixels = 512;
  const std::vector<Slab> parts = slabs(shape, least_pixels);
  std::vector<std::shared_ptr<const ConvolutionPlan>> plans;
  std::vector<dnnl::memory> packed;
  PackedOnce pack;
  for (const Slab &part : parts) {
    {
      const SingleThread one;
      plans.push_back(convolution_plan(
          {Pass::forward, part.shape, data_type(x.scalar_type()), data_type(weight.scalar_type()),
           weights.order, bias.has_value()}));
    }
    packed.push_back(
        pack(*plans.back(), first_tap(weights.tensor, shape, weights.order)));
  }
  const auto count = static_cast<int64_t>(parts.size());
  parallel_units(shape.batch * count, [&](int64_t unit) {
    const int64_t image = unit / count;
    const auto index = static_cast<std::size_t>(unit % count);
    const Slab &part = parts[index];
    const ConvolutionPlan &plan = *plans[index];
    Arguments arguments;
    arguments[DNNL_ARG_SRC] =
        read(plan.source, row(input, image, part.input_row), Scratch::source);
    arguments[DNNL_ARG_WEIGHTS] = packed[index];
    if (bias) arguments[DNNL_ARG_BIAS] = wrap(plan.bias, bias_values.data_ptr());
    execute(
        plan, arguments, DNNL_ARG_DST, plan.destination, row(y, image, part.output_row),
        Scratch::destination);
  });
  return y;
}

at::Tensor convolution_backward_data(
    const at::Tensor &grad_y, const at::Tensor &weight, at::IntArrayRef x_sizes,
    const Window &window) {
  const ConvolutionShape shape(
      four(x_sizes, "the input"), four(weight.sizes(), "the weight"), window);
  check_output(grad_y, shape);
  if (computed_type(grad_y.scalar_type()) != grad_y.scalar_type()) {
    return convolution_backward_data(computable(grad_y), computable(weight), x_sizes, window)
        .to(grad_y.scalar_type());
  }
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
  std::shared_ptr<const ConvolutionPlan> plan;
  {
    const SingleThread one;
    plan = convolution_plan(
        {Pass::backward_data, shape.single(), data_type(grad_y.scalar_type()),
         data_type(weight.scalar_type()), weights.order, false});
  }
  PackedOnce pack;
  const dnnl::memory packed = pack(*plan, first_tap(weights.tensor, shape, weights.order));
  at::Tensor dx = empty_channels_last(x_sizes, grad_y.scalar_type());
  parallel_units(shape.batch, [&](int64_t image) {
    Arguments arguments;
    arguments[DNNL_ARG_DIFF_DST] =
        read(plan->destination, row(gradient, image, 0), Scratch::destination);
    arguments[DNNL_ARG_WEIGHTS] = packed;
    execute(
        *plan, arguments, DNNL_ARG_DIFF_SRC, plan->source, row(dx, image, 0), Scratch::source);
  });
  return dx;
}

}  // namespace rdd::onednn
