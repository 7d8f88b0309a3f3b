// LibTorch's tensors in host memory as the maps of our own kernels.
#pragma once
#include <ATen/ATen.h>

#include "COneDNN/map.h"
#include "COneDNN/memory.h"

namespace rdd {

/// Our name of a floating-point type; throws on others.
onednn::Element element_of(at::ScalarType type);

/// The type in which oneDNN computes with values of `type` here: float32 where it has no bfloat16.
at::ScalarType computed_type(at::ScalarType type);

/// `tensor` in its `computed_type`; the tensor itself if it is so already.
at::Tensor computable(const at::Tensor &tensor);

/// A tensor in channels-last memory order, `[N, C, H, W]`; the tensor itself if it is so already.
at::Tensor channels_last(const at::Tensor &x);

/// An uninitialised channels-last tensor.
at::Tensor empty_channels_last(at::IntArrayRef sizes, at::ScalarType type);

/// A channels-last tensor's memory; the tensor must outlive it.
onednn::Map map_of(const at::Tensor &x);

/// A tensor's memory, which keeps the tensor alive.
onednn::Memory memory_of(const at::Tensor &tensor);

}  // namespace rdd
