// The parts of cross-rank batch normalisation: our sweeps in host memory, LibTorch's operators on
// other devices.
#include <c10/core/GradMode.h>

#include <memory>

#include "COneDNN/normalisation/batch_norm.h"
#include "host_maps.h"
#include "support.h"

using rdd::map_of;
using rdd::protect;
using rdd::wrap;
using rdd::onednn::Activation;
using rdd::onednn::Map;

namespace {

/// A channel vector as [1, C, 1, 1], of x's type or float32 where x is bfloat16.
at::Tensor channels(const double *values, const at::Tensor &x, at::ScalarType type) {
  auto host = at::empty({1, x.size(1), 1, 1}, at::kDouble);
  std::copy(values, values + x.size(1), host.data_ptr<double>());
  return host.to(x.device(), type);
}

at::Tensor channels(const at::Tensor &vector, at::ScalarType type) {
  return vector.detach().to(type).view({1, -1, 1, 1});
}

at::ScalarType arithmetic(const at::Tensor &x) {
  return x.scalar_type() == at::kBFloat16 ? at::kFloat : x.scalar_type();
}

at::Tensor normalised(const at::Tensor &x, const double *mean, const double *inverse_std) {
  auto type = arithmetic(x);
  return (x.to(type) - channels(mean, x, type)) * channels(inverse_std, x, type);
}

/// The activation, which must be one that cuts its input and changes nothing else.
Activation cut_of(ct_activation code) {
  const Activation activation = rdd::activation_of(code);
  TORCH_CHECK(rdd::onednn::is_cut(activation), "batch norm: activation ", static_cast<int>(code),
              " cannot be in its sweep");
  return activation;
}

/// dy where the activation let its input pass.
at::Tensor passed(const at::Tensor &dy, const at::Tensor &y, Activation activation) {
  if (activation == Activation::none) return dy;
  const auto limits = rdd::onednn::bounds<double>(activation);
  return dy * y.gt(limits.low).logical_and(y.lt(limits.high));
}

/// A channel vector in host memory, as doubles.
at::Tensor host_channels(const at::Tensor &vector, const at::Tensor &x, const char *name) {
  TORCH_CHECK(vector.numel() == x.size(1), "batch norm: ", name, " has ", vector.numel(),
              " values; expected one for each of ", x.size(1), " channels");
  return vector.detach().to(at::kDouble).contiguous();
}

/// `other` in channels-last order, checked to have the sizes and the type of `x`.
at::Tensor alike(const at::Tensor &other, const at::Tensor &x, const char *name) {
  TORCH_CHECK(other.sizes() == x.sizes() && other.scalar_type() == x.scalar_type(),
              "batch norm: ", name, " is ", other.sizes(), " ", other.scalar_type(), "; expected ",
              x.sizes(), " ", x.scalar_type());
  return rdd::channels_last(other);
}

/// Sums `[N, C]` of two values as `[N, 2 C]` doubles.
void write_sums(double *sums, const at::Tensor &first, const at::Tensor &second) {
  const at::Tensor host = at::cat({first, second}, 1).to(at::kCPU, at::kDouble).contiguous();
  std::copy(host.data_ptr<double>(), host.data_ptr<double>() + host.numel(), sums);
}

/// Height and width.
const at::IntArrayRef &pixels() {
  static const int64_t dimensions[] = {2, 3};
  static const at::IntArrayRef reference(dimensions, 2);
  return reference;
}

}  // namespace

int ct_bn_sums(double *sums, const ct_tensor *x) {
  return protect([&] {
    c10::NoGradGuard guard;
    if (x->value.is_cpu()) {
      const at::Tensor input = rdd::channels_last(x->value);
      return rdd::onednn::batch_norm_sums(sums, map_of(input));
    }
    auto wide = x->value.to(at::kDouble);
    write_sums(sums, wide.sum(pixels()), wide.square().sum(pixels()));
  });
}

int ct_bn_apply(ct_tensor **out, const ct_tensor *x, const double *mean, const double *inverse_std,
                const ct_tensor *weight, const ct_tensor *bias, const ct_tensor *residual,
                ct_activation activation) {
  return protect([&] {
    c10::NoGradGuard guard;
    const Activation cut = cut_of(activation);
    if (x->value.is_cpu()) {
      const at::Tensor input = rdd::channels_last(x->value);
      const at::Tensor gamma = host_channels(weight->value, input, "gamma");
      const at::Tensor beta = host_channels(bias->value, input, "beta");
      const at::Tensor added = residual ? alike(residual->value, input, "the residual") : input;
      const Map addend = map_of(added);
      at::Tensor y = rdd::empty_channels_last(input.sizes(), input.scalar_type());
      rdd::onednn::batch_norm_apply(
          map_of(y), map_of(input), residual ? &addend : nullptr,
          {mean, inverse_std, gamma.data_ptr<double>(), beta.data_ptr<double>()}, cut);
      *out = wrap(y);
      return;
    }
    auto type = arithmetic(x->value);
    auto y = normalised(x->value, mean, inverse_std)
                 .mul_(channels(weight->value, type))
                 .add_(channels(bias->value, type));
    if (residual) y.add_(residual->value);
    const auto limits = rdd::onednn::bounds<double>(cut);
    if (cut != Activation::none) y.clamp_(limits.low, limits.high);
    *out = wrap(y.to(x->value.scalar_type()));
  });
}

int ct_bn_backward_sums(double *sums, const ct_tensor *dy, const ct_tensor *x, const ct_tensor *y,
                        const double *mean, const double *inverse_std, ct_activation activation) {
  return protect([&] {
    c10::NoGradGuard guard;
    const Activation cut = cut_of(activation);
    if (x->value.is_cpu()) {
      const at::Tensor input = rdd::channels_last(x->value);
      const at::Tensor gradient = alike(dy->value, input, "the output's gradient");
      const at::Tensor output = alike(y->value, input, "the output");
      return rdd::onednn::batch_norm_backward_sums(
          sums, map_of(gradient), map_of(input), map_of(output), {mean, inverse_std}, cut);
    }
    auto dz = passed(dy->value, y->value, cut).to(at::kDouble);
    auto xhat = normalised(x->value, mean, inverse_std).to(at::kDouble);
    write_sums(sums, dz.sum(pixels()), (dz * xhat).sum(pixels()));
  });
}

int ct_bn_backward_input(ct_tensor **dx, ct_tensor **dresidual, const ct_tensor *dy,
                         const ct_tensor *x, const ct_tensor *y, const double *mean,
                         const double *inverse_std, const double *mean_dz,
                         const double *mean_dz_xhat, const ct_tensor *weight,
                         ct_activation activation) {
  return protect([&] {
    c10::NoGradGuard guard;
    const Activation cut = cut_of(activation);
    if (x->value.is_cpu()) {
      const at::Tensor input = rdd::channels_last(x->value);
      const at::Tensor gradient = alike(dy->value, input, "the output's gradient");
      const at::Tensor output = alike(y->value, input, "the output");
      const at::Tensor gamma = host_channels(weight->value, input, "gamma");
      at::Tensor to = rdd::empty_channels_last(input.sizes(), input.scalar_type()), to_residual;
      // Without an activation the residual's gradient is the output's.
      const bool writes = dresidual != nullptr && cut != Activation::none;
      if (dresidual) {
        to_residual = writes ? rdd::empty_channels_last(input.sizes(), input.scalar_type()) : gradient;
      }
      const Map second = map_of(writes ? to_residual : to);
      rdd::onednn::batch_norm_backward_input(
          map_of(to), writes ? &second : nullptr, map_of(gradient), map_of(input), map_of(output),
          {mean, inverse_std, gamma.data_ptr<double>()}, mean_dz, mean_dz_xhat, cut);
      *dx = wrap(to);
      if (dresidual) *dresidual = wrap(to_residual);
      return;
    }
    auto type = arithmetic(x->value);
    auto dz = passed(dy->value, y->value, cut);
    auto xhat = normalised(x->value, mean, inverse_std);
    auto inner = dz.to(type) - channels(mean_dz, x->value, type) -
                 xhat * channels(mean_dz_xhat, x->value, type);
    auto factor = channels(weight->value, type) * channels(inverse_std, x->value, type);
    *dx = wrap((inner * factor).to(x->value.scalar_type()));
    if (dresidual) *dresidual = wrap(dz);
  });
}

int ct_bn_frozen(ct_tensor **out, const ct_tensor *x, const ct_tensor *weight,
                 const ct_tensor *bias, const ct_tensor *mean, const ct_tensor *variance,
                 double epsilon) {
  return protect([&] {
    if (rdd::is_plain() && weight->gradient_sum && bias->gradient_sum) {
      // Image by image, each with its own copy of the parameters.
      const auto repeated = [&](const ct_tensor *leaf) {
        ct_tensor *handle = nullptr;
        TORCH_CHECK(ct_for_each_image(&handle, leaf, x->value.size(0)) == 0, ct_last_error());
        const std::unique_ptr<ct_tensor> owned(handle);
        return owned->value.to(x->value.scalar_type()).unsqueeze(-1).unsqueeze(-1);
      };
      const auto type = x->value.scalar_type();
      const at::Tensor scale = channels((variance->value + epsilon).rsqrt(), type);
      *out = wrap((x->value - channels(mean->value, type)) * scale * repeated(weight)
                  + repeated(bias));
      return;
    }
    *out = wrap(at::batch_norm(x->value, weight->value, bias->value, mean->value, variance->value,
                               /*training=*/false, /*momentum=*/0, epsilon,
                               /*cudnn_enabled=*/true));
  });
}
