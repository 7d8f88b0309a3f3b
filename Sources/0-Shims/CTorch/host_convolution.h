// Convolutions of LibTorch's tensors by our own kernels.
#pragma once
#include <ATen/ATen.h>

#include <optional>
#include <utility>

#include "COneDNN/convolution/shape.h"
#include "COneDNN/exact_sum.h"

/// Activations are channels last (others are copied to that order first), float32 or bfloat16. Weights
/// are `[O, I / groups, kh, kw]`, float32 or bfloat16 whatever the activations are.
namespace rdd {

/// Whether the functions below take `x`: on the CPU, 4 dimensions, not empty, float32 or bfloat16.
bool supported(const at::Tensor &x);

/// The convolution of `x` `[N, I, H, W]`: `[N, O, H', W']` in the type of `x`, channels last.
/// `bias`, if any, is `[O]`.
at::Tensor convolution_forward(
    const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias,
    const onednn::Window &window);

/// The gradient of the input, of sizes `x_sizes` and the type of `grad_y`, channels last.
at::Tensor convolution_backward_data(
    const at::Tensor &grad_y, const at::Tensor &weight, at::IntArrayRef x_sizes,
    const onednn::Window &window);

/// The gradients of the weights, `weight_sizes` in OIHW order, and of the bias, `[O]`, both float32.
/// Without `with_bias` the second tensor is undefined.
std::pair<at::Tensor, at::Tensor> convolution_backward_weights(
    const at::Tensor &grad_y, const at::Tensor &x, at::IntArrayRef weight_sizes, bool with_bias,
    const onednn::Window &window);

/// Adds each image's gradients of the weights, `weight_sizes`, and of the bias unless its sum is null.
void convolution_add_weight_gradients(
    onednn::ExactSum &weight_sum, onednn::ExactSum *bias_sum, const at::Tensor &grad_y,
    const at::Tensor &x, at::IntArrayRef weight_sizes, const onednn::Window &window);

}  // namespace rdd
