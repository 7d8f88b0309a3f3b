// The parts of cross-rank batch normalisation: our sweeps in host memory, LibTorch's operators on
// other devices.
#include <c10/core/GradMode.h>

#include "onednn_batchnorm.h"
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
at::Tensor passed(const at::Tensor &dy, const at::Tensor &y, int activation) {
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

void write_sums(double *sums, const at::Tensor &first, const at::Tensor &second) {
  auto both = at::cat({first, second}).to(at::kCPU, at::kDouble).contiguous();
  std::copy(both.data_ptr<double>(), both.data_ptr<double>() + both.numel(), sums);
}

const at::IntArrayRef &all_but_channels() {
  static const int64_t dimensions[] = {0, 2, 3};
  static const at::IntArrayRef reference(dimensions, 3);
  return reference;
}

}  // namespace

int ct_bn_sums(double *sums, const ct_tensor *x) {
  return protect([&] {
    c10::NoGradGuard guard;
    if (x->value.is_cpu()) {
      auto [first, second] = rdd::onednn::batchnorm_statistics(x->value);
      return write_sums(sums, first, second);
    }
    auto wide = x->value.to(at::kDouble);
    write_sums(sums, wide.sum(all_but_channels()), wide.square().sum(all_but_channels()));
  });
}

int ct_bn_apply(ct_tensor **out, const ct_tensor *x, const double *mean, const double *inverse_std,
                const ct_tensor *weight, const ct_tensor *bias, const ct_tensor *residual,
                int activation) {
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
                        const double *mean, const double *inverse_std, int activation) {
  return protect([&] {
    c10::NoGradGuard guard;
    if (x->value.is_cpu()) {
      // Gamma and beta play no part where the output says what passed.
      auto unused = view(mean, x->value);
      rdd::onednn::Normalisation values{unused, view(inverse_std, x->value), unused, unused};
      auto [first, second] = rdd::onednn::batchnorm_backward_sums(
          dy->value, x->value, y->value, values, rdd::activation_of(activation));
      return write_sums(sums, first, second);
    }
    auto dz = passed(dy->value, y->value, activation).to(at::kDouble);
    auto xhat = normalised(x->value, mean, inverse_std).to(at::kDouble);
    write_sums(sums, dz.sum(all_but_channels()), (dz * xhat).sum(all_but_channels()));
  });
}

int ct_bn_backward_input(ct_tensor **dx, ct_tensor **dresidual, const ct_tensor *dy,
                         const ct_tensor *x, const ct_tensor *y, const double *mean,
                         const double *inverse_std, const double *mean_dz,
                         const double *mean_dz_xhat, const ct_tensor *weight, int activation) {
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
    *out = wrap(at::batch_norm(x->value, weight->value, bias->value, mean->value, variance->value,
                               /*training=*/false, /*momentum=*/0, epsilon,
                               /*cudnn_enabled=*/true));
  });
}
