#pragma once

#include "COneDNN/activation.h"
#include "COneDNN/map.h"

/// Batch normalisation in steps, so that the sums can be added over images and ranks between them.
///
/// Maps are dense, of one size and type: float32, bfloat16 (calculated in float32) or float64. Sums are
/// double, image by image, over a partition of an image's pixels that its size gives: neither threads nor
/// other images change a bit.
namespace rdd::onednn {

/// The values of each channel that the normalisation uses: `(x - mean) * invstd * gamma + beta`. Null
/// where the comments say that one plays no part.
struct Normalisation {
  const double *mean, *invstd, *gamma = nullptr, *beta = nullptr;
};

/// Writes each channel's sum of `x`, then of its squares, of each image: `[N, 2 C]`.
///
/// Squares are exact and summed in double, so `squares / n - mean * mean` is right to 1e-10 for a
/// channel of mean 30 and standard deviation 0.1.
void batch_norm_sums(double *sums, const Map &x);

/// `y = activation(normalised(x) + residual)`; without a residual it is null.
void batch_norm_apply(
    const Map &y, const Map &x, const Map *residual, const Normalisation &values,
    Activation activation);

/// Writes the gradients of beta and gamma: each channel's sum of `g`, then of `g * xhat`, of each image:
/// `[N, 2 C]`.
///
/// `g` is `dy` where the output `y` says that the activation let the value through, else 0. Gamma and
/// beta play no part.
void batch_norm_backward_sums(
    double *sums, const Map &dy, const Map &x, const Map &y, const Normalisation &values,
    Activation activation);

/// Writes the gradient of `x` to `dx`, and `g` to `dresidual` unless that is null.
///
///     dx = gamma * invstd * (g - mean_g - xhat * mean_g_xhat)
///
/// The means are those of the sums of `batch_norm_backward_sums` over all pixels of all ranks. Beta plays
/// no part.
void batch_norm_backward_input(
    const Map &dx, const Map *dresidual, const Map &dy, const Map &x, const Map &y,
    const Normalisation &values, const double *mean_g, const double *mean_g_xhat,
    Activation activation);

}  // namespace rdd::onednn
