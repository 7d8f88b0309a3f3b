#pragma once

#include "COneDNN/convolution/plan.h"
#include "COneDNN/engine.h"
#include "COneDNN/memory.h"

#include <unordered_map>

namespace rdd::onednn {

using Arguments = std::unordered_map<int, dnnl::memory>;

/// A map as the primitive reads it: itself, or reordered into scratch.
dnnl::memory read(const ConvolutionPlan::Operand &operand, void *data, Scratch use);

/// Runs the primitive; `result` is the argument that it computes, `data` the memory for it.
void execute(
    const ConvolutionPlan &plan, Arguments &arguments, int result,
    const ConvolutionPlan::Operand &operand, void *data, Scratch use);

}  // namespace rdd::onednn
