#include "COneDNN/normalisation/batch_norm.h"

#include "COneDNN/normalisation/rows.h"

#include <limits>
#include <vector>

namespace rdd::onednn {

namespace {

/// Where the backward pass learns what the activation let through.
enum class Mask { none, output, input };

template <typename R>
struct Bounds {
  R low, high;
};

template <typename R>
Bounds<R> bounds(Activation activation) {
  const R infinity = std::numeric_limits<R>::infinity();
  switch (activation) {
    case Activation::relu: return {0, infinity};
    case Activation::relu6: return {0, 6};
    default: return {-infinity, infinity};
  }
}

std::vector<double> values_of(const at::Tensor &tensor, int64_t channels, const char *name) {
  TORCH_CHECK(tensor.defined() && tensor.numel() == channels, "batch norm: ", name,
      " does not have one value for each of ", channels, " channels");
  const at::Tensor values = tensor.to(at::kDouble).contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + channels};
}

/// The normalisation as `(x - mean) * scale + shift`, with a mean that the type can hold.
template <typename R>
struct Affine {
  std::vector<R> mean, scale, shift;
  std::vector<double> invstd, scales, rest;  // rest: the mean less the mean that is held

  Affine(const Normalisation &values, int64_t channels) {
    const auto means = values_of(values.mean, channels, "the mean");
    const auto gamma = values_of(values.gamma, channels, "gamma");
    const auto beta = values_of(values.beta, channels, "beta");
    invstd = values_of(values.invstd, channels, "invstd");
    for (int64_t c = 0; c < channels; ++c) {
      mean.push_back(static_cast<R>(means[c]));
      rest.push_back(means[c] - static_cast<double>(mean[c]));
      scales.push_back(gamma[c] * invstd[c]);
      scale.push_back(static_cast<R>(scales[c]));
      shift.push_back(static_cast<R>(beta[c] - rest[c] * scales[c]));
    }
  }
};

template <typename R>
inline R affine(R x, R mean, R scale, R shift) {
  return (x - mean) * scale + shift;
}

/// Sums of two values over the rows of each image, added part by part in order.
struct PartialSums {
  int64_t images, parts, channels;
  std::vector<double> sums;

  explicit PartialSums(const Rows &rows)
      : images(rows.images), parts(rows.parts), channels(rows.channels),
        sums(static_cast<std::size_t>(2 * channels * parts * images), 0.0) {}

  double *first(int64_t part) { return sums.data() + 2 * channels * part; }
  double *second(int64_t part) { return first(part) + channels; }

  /// `[N, 2 C]`.
  at::Tensor total() {
    at::Tensor totals = at::zeros({images, 2 * channels}, at::TensorOptions(at::kDouble));
    double *total = totals.data_ptr<double>();
    for (int64_t image = 0; image < images; ++image, total += 2 * channels) {
      for (int64_t part = 0; part < parts; ++part) {
        const double *values = first(image * parts + part);
        for (int64_t i = 0; i < 2 * channels; ++i) total[i] += values[i];
      }
    }
    return totals;
  }
};

template <typename T>
void add_squares(
    double *__restrict sum, double *__restrict square, const T *__restrict x, int64_t rows,
    int64_t channels) {
  int64_t row = 0;
  for (; row + 4 <= rows; row += 4, x += 4 * channels) {
    for (int64_t c = 0; c < channels; ++c) {
      const double a = widen(x[c]), b = widen(x[c + channels]);
      const double d = widen(x[c + 2 * channels]), e = widen(x[c + 3 * channels]);
      sum[c] += (a + b) + (d + e);
      square[c] += (a * a + b * b) + (d * d + e * e);
    }
  }
  for (; row < rows; ++row, x += channels) {
    for (int64_t c = 0; c < channels; ++c) {
      const double a = widen(x[c]);
      sum[c] += a;
      square[c] += a * a;
    }
  }
}

template <typename T, bool residual>
void normalise_rows(
    T *__restrict y, const T *__restrict x, const T *__restrict added, int64_t rows,
    int64_t channels, const Affine<Real<T>> &values, Bounds<Real<T>> limits) {
  const Real<T> *__restrict mean = values.mean.data();
  const Real<T> *__restrict scale = values.scale.data();
  const Real<T> *__restrict shift = values.shift.data();
  for (int64_t row = 0; row < rows; ++row, x += channels, y += channels) {
    for (int64_t c = 0; c < channels; ++c) {
      Real<T> z = affine<Real<T>>(widen(x[c]), mean[c], scale[c], shift[c]);
      if constexpr (residual) z += widen(added[c]);
      z = z < limits.low ? limits.low : z;  // in this form NaN stays NaN
      z = z > limits.high ? limits.high : z;
      y[c] = narrow<T>(z);
    }
    if constexpr (residual) added += channels;
  }
}

/// The gradient behind the activation.
template <Mask mask, typename R>
inline R through(R dy, R x, R y, R mean, R scale, R shift, Bounds<R> limits) {
  if constexpr (mask == Mask::none) return dy;
  const R z = mask == Mask::output ? y : affine<R>(x, mean, scale, shift);
  return ((z > limits.low) & (z < limits.high)) ? dy : R(0);
}

template <typename T, Mask mask>
void add_gradients(
    double *__restrict sum, double *__restrict product, const T *__restrict dy,
    const T *__restrict x, const T *__restrict y, int64_t rows, int64_t channels,
    const Affine<Real<T>> &values, Bounds<Real<T>> limits) {
  const Real<T> *__restrict mean = values.mean.data();
  const Real<T> *__restrict scale = values.scale.data();
  const Real<T> *__restrict shift = values.shift.data();
  const auto gradient = [=](int64_t at, int64_t c, Real<T> value) {
    return through<mask, Real<T>>(
        widen(dy[at]), value, widen(y[at]), mean[c], scale[c], shift[c], limits);
  };
  int64_t row = 0;
  for (; row + 2 <= rows; row += 2) {
    const int64_t start = row * channels;
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t at = start + c, below = at + channels;
      const Real<T> value = widen(x[at]), next = widen(x[below]);
      const Real<T> g = gradient(at, c, value), h = gradient(below, c, next);
      sum[c] += static_cast<double>(g) + static_cast<double>(h);
      product[c] += static_cast<double>(g * (value - mean[c]))
          + static_cast<double>(h * (next - mean[c]));
    }
  }
  for (; row < rows; ++row) {
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t at = row * channels + c;
      const Real<T> value = widen(x[at]), g = gradient(at, c, value);
      sum[c] += g;
      product[c] += g * (value - mean[c]);
    }
  }
}

template <typename T, Mask mask, bool residual>
void write_gradients(
    T *__restrict dx, T *__restrict residual_gradient, const T *__restrict dy,
    const T *__restrict x, const T *__restrict y, int64_t rows, int64_t channels,
    const Affine<Real<T>> &values, Bounds<Real<T>> limits, const Real<T> *__restrict slope,
    const Real<T> *__restrict offset) {
  const Real<T> *__restrict mean = values.mean.data();
  const Real<T> *__restrict scale = values.scale.data();
  const Real<T> *__restrict shift = values.shift.data();
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t start = row * channels;
    const T *__restrict row_x = x + start, *__restrict row_y = y + start;
    const T *__restrict row_dy = dy + start;
    T *__restrict row_dx = dx + start, *__restrict row_dr = residual_gradient + start;
    for (int64_t c = 0; c < channels; ++c) {
      const Real<T> value = widen(row_x[c]);
      const Real<T> g = through<mask, Real<T>>(
          widen(row_dy[c]), value, widen(row_y[c]), mean[c], scale[c], shift[c], limits);
      row_dx[c] = narrow<T>(scale[c] * g + (value - mean[c]) * slope[c] + offset[c]);
      if constexpr (residual) row_dr[c] = narrow<T>(g);
    }
  }
}

/// Calls `body` with a null pointer of the tensor's element type.
template <typename Body>
auto for_type(at::ScalarType type, const Body &body) {
  switch (type) {
    case at::kFloat: return body(static_cast<float *>(nullptr));
    case at::kDouble: return body(static_cast<double *>(nullptr));
    case at::kBFloat16: return body(static_cast<at::BFloat16 *>(nullptr));
    default: TORCH_CHECK(false, "batch norm: expected a floating-point type, got ", type);
  }
}

/// Calls `body` with the mask as a constant.
template <typename Body>
void for_mask(Mask mask, const Body &body) {
  switch (mask) {
    case Mask::none: return body(std::integral_constant<Mask, Mask::none>());
    case Mask::output: return body(std::integral_constant<Mask, Mask::output>());
    case Mask::input: return body(std::integral_constant<Mask, Mask::input>());
  }
}

Mask mask_for(Activation activation, const std::optional<at::Tensor> &y) {
  if (activation == Activation::none) return Mask::none;
  return y ? Mask::output : Mask::input;
}

/// `other` in channels-last order, checked to have the sizes and the type of `x`.
at::Tensor alike(const at::Tensor &other, const at::Tensor &x, const char *name) {
  TORCH_CHECK(other.sizes() == x.sizes() && other.scalar_type() == x.scalar_type(),
      "batch norm: ", name, " is ", other.sizes(), " ", other.scalar_type(), "; expected ",
      x.sizes(), " ", x.scalar_type());
  return channels_last(other);
}

}  // namespace

at::Tensor batchnorm_statistics(const at::Tensor &x) {
  const at::Tensor input = channels_last(x);
  const Rows rows(input);
  PartialSums partial(rows);
  for_type(x.scalar_type(), [&](auto *type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const T *data = input.data_ptr<T>();
    rows.for_each_part([&](int64_t part, int64_t first, int64_t end) {
      add_squares(
          partial.first(part), partial.second(part), data + first * rows.channels, end - first,
          rows.channels);
    });
  });
  return partial.total();
}

at::Tensor batchnorm_normalise(
    const at::Tensor &x, const Normalisation &values, Activation activation,
    const std::optional<at::Tensor> &residual) {
  const at::Tensor input = channels_last(x);
  const at::Tensor added = residual ? alike(*residual, x, "the residual") : input;
  const Rows rows(input);
  at::Tensor y = empty_channels_last(x.sizes(), x.scalar_type());
  for_type(x.scalar_type(), [&](auto *type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const Affine<Real<T>> affine(values, rows.channels);
    const auto limits = bounds<Real<T>>(activation);
    rows.for_each_part([&](int64_t, int64_t first, int64_t end) {
      const int64_t start = first * rows.channels;
      const auto kernel = residual ? &normalise_rows<T, true> : &normalise_rows<T, false>;
      kernel(
          y.data_ptr<T>() + start, input.data_ptr<T>() + start, added.data_ptr<T>() + start,
          end - first, rows.channels, affine, limits);
    });
  });
  return y;
}

at::Tensor batchnorm_backward_sums(
    const at::Tensor &dy, const at::Tensor &x, const std::optional<at::Tensor> &y,
    const Normalisation &values, Activation activation) {
  const at::Tensor input = channels_last(x), gradient = alike(dy, x, "the output's gradient");
  const at::Tensor output = y ? alike(*y, x, "the output") : input;
  const Rows rows(input);
  PartialSums partial(rows);
  at::Tensor sums;
  for_type(x.scalar_type(), [&](auto *type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const Affine<Real<T>> affine(values, rows.channels);
    const auto limits = bounds<Real<T>>(activation);
    for_mask(mask_for(activation, y), [&](auto mask) {
      rows.for_each_part([&](int64_t part, int64_t first, int64_t end) {
        const int64_t start = first * rows.channels;
        add_gradients<T, mask.value>(
            partial.first(part), partial.second(part), gradient.data_ptr<T>() + start,
            input.data_ptr<T>() + start, output.data_ptr<T>() + start, end - first, rows.channels,
            affine, limits);
      });
    });
    // The kernel's products are with x less the mean that is held: make them products with xhat.
    sums = partial.total();
    double *sum = sums.data_ptr<double>();
    for (int64_t image = 0; image < rows.images; ++image, sum += 2 * rows.channels) {
      double *product = sum + rows.channels;
      for (int64_t c = 0; c < rows.channels; ++c) {
        product[c] = (product[c] - sum[c] * affine.rest[c]) * affine.invstd[c];
      }
    }
  });
  return sums;
}

std::pair<at::Tensor, at::Tensor> batchnorm_backward_input(
    const at::Tensor &dy, const at::Tensor &x, const std::optional<at::Tensor> &y,
    const Normalisation &values, Activation activation,
    const std::pair<at::Tensor, at::Tensor> &sums, double count, bool with_residual) {
  const at::Tensor input = channels_last(x), gradient = alike(dy, x, "the output's gradient");
  const at::Tensor output = y ? alike(*y, x, "the output") : input;
  const Rows rows(input);
  const auto sum = values_of(sums.first, rows.channels, "the gradient's sum");
  const auto product = values_of(sums.second, rows.channels, "the product's sum");
  const Mask mask = mask_for(activation, y);
  at::Tensor dx = empty_channels_last(x.sizes(), x.scalar_type());
  at::Tensor dr;
  const bool write_residual = with_residual && mask != Mask::none;
  if (with_residual) {
    dr = write_residual ? empty_channels_last(x.sizes(), x.scalar_type()) : gradient;
  }
  for_type(x.scalar_type(), [&](auto *type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const Affine<Real<T>> affine(values, rows.channels);
    const auto limits = bounds<Real<T>>(activation);
    // dx = scale * (g - mean(g) - xhat * mean(g * xhat))
    //    = scale * g + (x - mean) * slope + offset
    std::vector<Real<T>> slope, offset;
    for (int64_t c = 0; c < rows.channels; ++c) {
      const double exact = -affine.scales[c] * affine.invstd[c] * product[c] / count;
      slope.push_back(static_cast<Real<T>>(exact));
      offset.push_back(
          static_cast<Real<T>>(-affine.scales[c] * sum[c] / count - exact * affine.rest[c]));
    }
    for_mask(mask, [&](auto mask) {
      rows.for_each_part([&](int64_t, int64_t first, int64_t end) {
        const int64_t start = first * rows.channels;
        const auto kernel = write_residual ? &write_gradients<T, mask.value, true>
                                           : &write_gradients<T, mask.value, false>;
        kernel(
            dx.data_ptr<T>() + start, (write_residual ? dr : dx).template data_ptr<T>() + start,
            gradient.data_ptr<T>() + start, input.data_ptr<T>() + start,
            output.data_ptr<T>() + start, end - first, rows.channels, affine, limits, slope.data(),
            offset.data());
      });
    });
  });
  return {dx, dr};
}

}  // namespace rdd::onednn
