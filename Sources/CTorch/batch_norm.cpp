// The parts of cross-rank batch normalisation: our sweeps in host memory, LibTorch's operators on
// other devices.
#include <c10/core/GradMode.h>

#include <memory>

#include "COneDNN/normalisation/batch_norm.h"
#include "support.h"

using rdd::protect;
using rdd::wrap;

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

/// dy where the activation let its input pass.
at::Tensor passed(const at::Tensor &dy, const at::Tensor &y, ct_activation activation) {
  switch (activation) {
    case CT_RELU_ACTIVATION: return dy * y.gt(0);
    case CT_RELU6_ACTIVATION: return dy * y.gt(0).logical_and(y.lt(6));
    default: return dy;
  }
}

/// A channel vector of the caller's, for the length of a call.
at::Tensor view(const double *values, const at::Tensor &x) {
  return at::from_blob(const_cast<double *>(values), {x.size(1)}, at::kDouble);
}

/// Sums `[N, C]` of two values, or `[N, 2 C]` of both, as `[N, 2 C]` doubles.
void write_sums(double *sums, const at::Tensor &both) {
  const at::Tensor host = both.to(at::kCPU, at::kDouble).contiguous();
  std::copy(host.data_ptr<double>(), host.data_ptr<double>() + host.numel(), sums);
}

void write_sums(double *sums, const at::Tensor &first, const at::Tensor &second) {
  write_sums(sums, at::cat({first, second}, 1));
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
      return write_sums(sums, rdd::onednn::batchnorm_statistics(x->value));
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
    if (x->value.is_cpu()) {
      std::optional<at::Tensor> addend;
      if (residual) addend = residual->value;
      rdd::onednn::Normalisation values{view(mean, x->value), view(inverse_std, x->value),
                                        weight->value, bias->value};
      *out = wrap(rdd::onednn::batchnorm_normalise(x->value, values, rdd::activation_of(activation),
                                                   addend));
      return;
    }
    auto type = arithmetic(x->value);
    auto y = normalised(x->value, mean, inverse_std)
                 .mul_(channels(weight->value, type))
                 .add_(channels(bias->value, type));
    if (residual) y.add_(residual->value);
    if (activation == CT_RELU_ACTIVATION) y.relu_();
    if (activation == CT_RELU6_ACTIVATION) y.clamp_(0, 6);
    *out = wrap(y.to(x->value.scalar_type()));
  });
}

int ct_bn_backward_sums(double *sums, const ct_tensor *dy, const ct_tensor *x, const ct_tensor *y,
                        const double *mean, const double *inverse_std, ct_activation activation) {
  return protect([&] {
    c10::NoGradGuard guard;
    if (x->value.is_cpu()) {
      // Gamma and beta play no part where the output says what passed.
      auto unused = view(mean, x->value);
      rdd::onednn::Normalisation values{unused, view(inverse_std, x->value), unused, unused};
      return write_sums(
          sums, rdd::onednn::batchnorm_backward_sums(
                    dy->value, x->value, y->value, values, rdd::activation_of(activation)));
    }
    auto dz = passed(dy->value, y->value, activation).to(at::kDouble);
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
    if (x->value.is_cpu()) {
      auto unused = view(mean, x->value);
      rdd::onednn::Normalisation values{unused, view(inverse_std, x->value), weight->value,
                                        unused};
      // Means instead of sums: a count of one.
      auto [first, second] = rdd::onednn::batchnorm_backward_input(
          dy->value, x->value, y->value, values, rdd::activation_of(activation),
          {view(mean_dz, x->value), view(mean_dz_xhat, x->value)}, 1, dresidual != nullptr);
      *dx = wrap(first);
      if (dresidual) *dresidual = wrap(second);
      return;
    }
    auto type = arithmetic(x->value);
    auto dz = passed(dy->value, y->value, activation);
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
