// The exact sum of a leaf's gradients, as LibTorch's operators keep it.
#pragma once
#include <ATen/ATen.h>
#include <ATen/core/ivalue.h>

#include "COneDNN/exact_sum.h"

namespace rdd {

/// An exact sum and the tensor that its units are in.
class GradientSum : public torch::CustomClassHolder {
 public:
  /// `units` are int64 in host memory, row-major, as many as the leaf's `shape` has elements.
  GradientSum(at::Tensor units, at::IntArrayRef shape);

  /// Adds an addend of the leaf's shape.
  void add(const at::Tensor &addend);

  /// The units of a level from 1, int64.
  at::Tensor level(int index);

  onednn::ExactSum &exact() { return sum_; }

 private:
  at::Tensor units_;
  onednn::ExactSum sum_;
};

}  // namespace rdd
