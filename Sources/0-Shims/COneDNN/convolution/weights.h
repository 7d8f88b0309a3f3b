#pragma once

#include "COneDNN/convolution/shape.h"
#include "COneDNN/memory.h"

namespace rdd::onednn {

/// Weights `[O, I / groups, kh, kw]` in memory, float32 or bfloat16 whatever the activations are.
struct Weights {
  void *data;
  Element type;
  WeightOrder order;

  /// The address of the first tap that `shape` keeps.
  void *first_tap(const ConvolutionShape &shape) const;
};

/// The kernel `[I / groups, O, kh, kw]` that carries a gradient back by a forward convolution: turned by
/// 180 degrees, inputs and outputs exchanged. Row-major; `weights` are row-major or channels last.
Memory turned(const Weights &weights, const ConvolutionShape &shape);

/// A float32 kernel as Winograd reads it: `[3, 3, I, O]`. Row-major or channels last.
Memory taps_of(const Weights &weights, const ConvolutionShape &shape);

/// The row-major kernel `[O, I, 3, 3]` of such taps.
Memory kernel_of(const float *taps, int64_t outputs, int64_t inputs);

}  // namespace rdd::onednn
