#pragma once

#include "COneDNN/activation.h"

#include <ATen/ATen.h>

#include <optional>
#include <utility>

/// Batch normalisation in steps, so that the sums can be added over images and ranks between them.
///
/// Activations are `[N, C, H, W]`, channels last (others are copied to that order first), float32,
/// bfloat16 (calculated in float32) or float64. Values of a channel are tensors `[C]` of any
/// floating-point type. Sums are double, image by image, over a partition of an image's pixels that its
/// size gives: neither threads nor other images change a bit.
namespace rdd::onednn {

/// The values of a channel that the normalisation uses: `(x - mean) * invstd * gamma + beta`.
struct Normalisation {
  at::Tensor mean, invstd, gamma, beta;
};

/// Each channel's sum of `x`, then of its squares, of each image: double `[N, 2 C]`.
///
/// Squares are exact and summed in double, so `squares / n - mean * mean` is right to 1e-10 for a
/// channel of mean 30 and standard deviation 0.1.
at::Tensor batchnorm_statistics(const at::Tensor &x);

/// `activation(normalised(x) + residual)`, in the type of `x`.
at::Tensor batchnorm_normalise(
    const at::Tensor &x, const Normalisation &values, Activation activation,
    const std::optional<at::Tensor> &residual);

/// The gradients of beta and gamma: each channel's sum of `g`, then of `g * xhat`, of each image: double
/// `[N, 2 C]`.
///
/// `g` is `dy` where the activation let the value through, else 0. That is read off the output `y`;
/// without `y`, which is right only if there was no residual, it is calculated again from `x`.
at::Tensor batchnorm_backward_sums(
    const at::Tensor &dy, const at::Tensor &x, const std::optional<at::Tensor> &y,
    const Normalisation &values, Activation activation);

/// The gradients of `x` and, if wanted, of the residual (`g`); else the second is undefined.
///
/// `sums` are those of `batchnorm_backward_sums` over all ranks and `count` is the number of pixels
/// over all ranks.
std::pair<at::Tensor, at::Tensor> batchnorm_backward_input(
    const at::Tensor &dy, const at::Tensor &x, const std::optional<at::Tensor> &y,
    const Normalisation &values, Activation activation,
    const std::pair<at::Tensor, at::Tensor> &sums, double count, bool with_residual);

}  // namespace rdd::onednn
