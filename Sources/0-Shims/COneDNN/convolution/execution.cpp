#include "COneDNN/convolution/execution.h"

namespace rdd::onednn {

dnnl::memory read(const ConvolutionPlan::Operand &operand, void *data, Scratch use) {
  dnnl::memory plain = memory_at(operand.plain, data);
  if (!operand.reordered) return plain;
  dnnl::memory own = memory_at(operand.own, scratch(use, operand.own.get_size()));
  operand.reorder.execute(stream(), plain, own);
  return own;
}

void execute(
    const ConvolutionPlan &plan, Arguments &arguments, int result,
    const ConvolutionPlan::Operand &operand, void *data, Scratch use) {
  dnnl::memory plain = memory_at(operand.plain, data);
  dnnl::memory own =
      operand.reordered ? memory_at(operand.own, scratch(use, operand.own.get_size())) : plain;
  arguments[result] = own;
  arguments[DNNL_ARG_SCRATCHPAD] =
      memory_at(plan.scratchpad, scratch(Scratch::primitive, plan.scratchpad.get_size()));
  plan.primitive.execute(stream(), arguments);
  if (operand.reordered) operand.reorder.execute(stream(), own, plain);
  stream().wait();
}

}  // namespace rdd::onednn
