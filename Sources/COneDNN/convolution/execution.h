#pragma once

#include "COneDNN/engine.h"
#include "COneDNN/convolution/plan.h"

#include <array>
#include <unordered_map>

namespace rdd::onednn {

using Arguments = std::unordered_map<int, dnnl::memory>;

inline dnnl::memory wrap(const dnnl::memory::desc &desc, void *data) {
  return dnnl::memory(desc, engine(), data);
}

/// The sizes of a tensor of four dimensions; `what` names it.
std::array<int64_t, 4> four(at::IntArrayRef sizes, const char *what);

/// Throws unless a result's gradient has the result's sizes.
void check_output(const at::Tensor &grad_y, const ConvolutionShape &shape);

/// The address of the first tap that `shape` keeps.
void *first_tap(const at::Tensor &weights, const ConvolutionShape &shape, WeightOrder order);

/// A tensor as the primitive reads it: itself, or reordered into scratch.
dnnl::memory read(const ConvolutionPlan::Operand &operand, void *data, Scratch use);

/// Runs the primitive; `result` is the argument that it computes, `data` the memory for it.
void execute(
    const ConvolutionPlan &plan, Arguments &arguments, int result,
    const ConvolutionPlan::Operand &operand, void *data, Scratch use);

}  // namespace rdd::onednn
