#include "COneDNN/convolution/execution.h"

namespace rdd::onednn {

std::array<int64_t, 4> four(at::IntArrayRef sizes, const char *what) {
  TORCH_CHECK(
      sizes.size() == 4, "convolution: ", what, " has ", sizes.size(), " dimensions, not 4");
  return {sizes[0], sizes[1], sizes[2], sizes[3]};
}

void check_output(const at::Tensor &grad_y, const ConvolutionShape &shape) {
  const std::array<int64_t, 4> expected{
      shape.batch, shape.out_channels, shape.out[0], shape.out[1]};
  TORCH_CHECK(
      grad_y.sizes() == at::IntArrayRef(expected), "convolution: the output's gradient is ",
      grad_y.sizes(), "; expected ", at::IntArrayRef(expected));
}

void *first_tap(const at::Tensor &weights, const ConvolutionShape &shape, WeightOrder order) {
  return static_cast<char *>(weights.data_ptr())
      + shape.weights_offset(order) * static_cast<int64_t>(weights.element_size());
}

dnnl::memory read(const ConvolutionPlan::Operand &operand, void *data, Scratch use) {
  dnnl::memory plain = wrap(operand.plain, data);
  if (!operand.reordered) return plain;
  dnnl::memory own = wrap(operand.own, scratch(use, operand.own.get_size()));
  operand.reorder.execute(stream(), plain, own);
  return own;
}

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

}  // namespace rdd::onednn
