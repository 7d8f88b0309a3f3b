#include "COneDNN/convolution/convolution.h"

#include "COneDNN/convolution/depthwise.h"
#include "COneDNN/convolution/execution.h"
#include "COneDNN/convolution/slabs.h"
#include "COneDNN/convolution/winograd.h"
#include "COneDNN/threads.h"

#include <vector>

namespace rdd::onednn {

namespace {

/// Weights in the layouts of several plans, packed once for each layout.
class PackedOnce {
 public:
  dnnl::memory operator()(const ConvolutionPlan &plan, void *data) {
    const Desc &wanted = plan.weights.own;
    if (!plan.weights.reordered) return memory_at(plan.weights.plain, data);
    for (const dnnl::memory &memory : packed_) {
      if (memory.get_desc() == wanted) return memory;
    }
    buffers_.push_back(allocate(static_cast<int64_t>(wanted.get_size())));
    dnnl::memory from = memory_at(plan.weights.plain, data);
    dnnl::memory to = memory_at(wanted, buffers_.back().get());
    // By all threads: what is moved is not added.
    dnnl::reorder(from, to).execute(stream(), from, to);
    stream().wait();
    packed_.push_back(to);
    return to;
  }

 private:
  std::vector<Memory> buffers_;
  std::vector<dnnl::memory> packed_;
};

void winograd_forward(
    const Map &y, const Map &x, const Weights &weights, const float *bias,
    const ConvolutionShape &shape) {
  const Winograd winograd(shape);
  const Memory taps = taps_of(weights, shape);
  winograd.run(
      y, x, static_cast<const float *>(taps.get()), bias, false, Activation::none,
      scratch(Scratch::source, static_cast<std::size_t>(winograd.workspace_bytes())));
}

}  // namespace

void convolution_forward(
    const Map &y, const Map &x, const Weights &weights, const float *bias,
    const ConvolutionShape &shape) {
  if (x.type == Element::float32 && weights.type == Element::float32 && Winograd::suits(shape)) {
    return winograd_forward(y, x, weights, bias, shape);
  }
  constexpr int64_t least_pixels = 512;
  const std::vector<Slab> parts = slabs(shape, least_pixels);
  std::vector<std::shared_ptr<const ConvolutionPlan>> plans;
  std::vector<dnnl::memory> packed;
  PackedOnce pack;
  for (const Slab &part : parts) {
    {
      const SingleThread one;
      plans.push_back(convolution_plan(
          {Pass::forward, part.shape, data_type(x.type), data_type(weights.type), weights.order,
           bias != nullptr}));
    }
    packed.push_back(pack(*plans.back(), weights.first_tap(shape)));
  }
  const auto count = static_cast<int64_t>(parts.size());
  parallel_units(shape.batch * count, [&](int64_t unit) {
    const int64_t image = unit / count;
    const auto index = static_cast<std::size_t>(unit % count);
    const Slab &part = parts[index];
    const ConvolutionPlan &plan = *plans[index];
    Arguments arguments;
    arguments[DNNL_ARG_SRC] = read(plan.source, x.row(image, part.input_row), Scratch::source);
    arguments[DNNL_ARG_WEIGHTS] = packed[index];
    if (bias != nullptr) {
      arguments[DNNL_ARG_BIAS] = memory_at(plan.bias, const_cast<float *>(bias));
    }
    execute(
        plan, arguments, DNNL_ARG_DST, plan.destination, y.row(image, part.output_row),
        Scratch::destination);
  });
}

void convolution_backward_data(
    const Map &dx, const Map &dy, const Weights &weights, const ConvolutionShape &shape,
    const Window &window) {
  // oneDNN's kernels are faster forward than backward, by a third to two thirds.
  const bool dense = shape.groups == 1 && weights.type == Element::float32;
  if ((dense || dilated_depthwise(shape)) && shape.stride == Pair{1, 1}) {
    // The same as the convolution of the gradient with the kernel turned by 180 degrees.
    Window around = window;
    for (int axis = 0; axis < 2; ++axis) {
      around.padding[axis] =
          window.dilation[axis] * (shape.full_kernel[axis] - 1) - window.padding[axis];
    }
    if (around.padding[0] >= 0 && around.padding[1] >= 0) {
      const Memory kernel = turned(weights, shape);
      const ConvolutionShape back(
          {shape.batch, shape.out_channels, shape.out[0], shape.out[1]},
          {shape.in_channels, shape.out_channels / shape.groups, shape.full_kernel[0],
           shape.full_kernel[1]},
          around);
      return convolution_forward(
          dx, dy, {kernel.get(), weights.type, WeightOrder::plain}, nullptr, back);
    }
  }
  std::shared_ptr<const ConvolutionPlan> plan;
  {
    const SingleThread one;
    plan = convolution_plan(
        {Pass::backward_data, shape.single(), data_type(dy.type), data_type(weights.type),
         weights.order, false});
  }
  PackedOnce pack;
  const dnnl::memory packed = pack(*plan, weights.first_tap(shape));
  parallel_units(shape.batch, [&](int64_t image) {
    Arguments arguments;
    arguments[DNNL_ARG_DIFF_DST] =
        read(plan->destination, dy.row(image, 0), Scratch::destination);
    arguments[DNNL_ARG_WEIGHTS] = packed;
    execute(*plan, arguments, DNNL_ARG_DIFF_SRC, plan->source, dx.row(image, 0), Scratch::source);
  });
}

}  // namespace rdd::onednn
