#pragma once

#include "COneDNN/compat.h"
#include "COneDNN/convolution/shape.h"

#include <memory>

namespace rdd::onednn {

/// The three convolution primitives of training.
enum class Pass : int64_t { forward, backward_data, backward_weights };

/// A convolution primitive and the reorders between LibTorch's layouts and its own.
///
/// `source`, `weights` and `destination` are the primitive's layouts; the `plain` ones are the
/// tensors'. A reorder is absent where the two agree.
struct ConvolutionPlan {
  struct Operand {
    Desc plain, own;
    dnnl::reorder reorder;  // into the primitive, or out of it for the operand it computes
    bool reordered = false;
  };
  dnnl::primitive primitive;
  Operand source, weights, destination;
  Desc bias, scratchpad;
  bool with_bias = false;
};

/// What tells one plan from another.
struct ConvolutionKey {
  Pass pass;
  ConvolutionShape shape;
  Type activations, weights;
  WeightOrder order;
  bool with_bias;
};

/// A convolution of activations in the layout `tag`, with weights in any.
ConvolutionDesc describe(const ConvolutionShape &shape, Type activations, Tag tag, bool with_bias);

/// The plan for `key`, made on first use for the calling thread's thread count and kept; the 4096 used
/// last stay.
std::shared_ptr<const ConvolutionPlan> convolution_plan(const ConvolutionKey &key);

}  // namespace rdd::onednn
