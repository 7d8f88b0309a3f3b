#include "COneDNN/normalisation/batch_norm.h"

#include "COneDNN/normalisation/rows.h"

#include <algorithm>
#include <type_traits>
#include <vector>

namespace rdd::onednn {

namespace {

/// The normalisation as `(x - mean) * scale + shift`, with a mean that the type can hold.
template <typename R>
struct Affine {
  std::vector<R> mean, scale, shift;
  std::vector<double> invstd, scales, rest;  // rest: the mean less the mean that is held

  Affine(const Normalisation &values, int64_t channels)
      : invstd(values.invstd, values.invstd + channels) {
    for (int64_t c = 0; c < channels; ++c) {
      mean.push_back(static_cast<R>(values.mean[c]));
      rest.push_back(values.mean[c] - static_cast<double>(mean[c]));
      const double gamma = values.gamma != nullptr ? values.gamma[c] : 1;
      const double beta = values.beta != nullptr ? values.beta[c] : 0;
      scales.push_back(gamma * invstd[c]);
      scale.push_back(static_cast<R>(scales[c]));
      shift.push_back(static_cast<R>(beta - rest[c] * scales[c]));
    }
  }
};

/// Sums of two values over the rows of each image, added part by part in order.
struct PartialSums {
  int64_t images, parts, channels;
  std::vector<double> sums;

  explicit PartialSums(const Rows &rows)
      : images(rows.images), parts(rows.parts), channels(rows.channels),
        sums(static_cast<std::size_t>(2 * channels * parts * images), 0.0) {}

  double *first(int64_t part) { return sums.data() + 2 * channels * part; }
  double *second(int64_t part) { return first(part) + channels; }

  /// Writes `[N, 2 C]`.
  void total(double *total) const {
    std::fill_n(total, images * 2 * channels, 0.0);
    for (int64_t image = 0; image < images; ++image, total += 2 * channels) {
      for (int64_t part = 0; part < parts; ++part) {
        const double *values = sums.data() + 2 * channels * (image * parts + part);
        for (int64_t i = 0; i < 2 * channels; ++i) total[i] += values[i];
      }
    }
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
      Real<T> z = (widen(x[c]) - mean[c]) * scale[c] + shift[c];
      if constexpr (residual) z += widen(added[c]);
      z = z < limits.low ? limits.low : z;  // in this form NaN stays NaN
      z = z > limits.high ? limits.high : z;
      y[c] = narrow<T>(z);
    }
    if constexpr (residual) added += channels;
  }
}

/// The gradient behind the activation, which cut the value if `cuts`.
template <bool cuts, typename R>
inline R through(R dy, R y, Bounds<R> limits) {
  if constexpr (!cuts) return dy;
  return ((y > limits.low) & (y < limits.high)) ? dy : R(0);
}

template <typename T, bool cuts>
void add_gradients(
    double *__restrict sum, double *__restrict product, const T *__restrict dy,
    const T *__restrict x, const T *__restrict y, int64_t rows, int64_t channels,
    const Affine<Real<T>> &values, Bounds<Real<T>> limits) {
  const Real<T> *__restrict mean = values.mean.data();
  const auto gradient = [=](int64_t at) {
    return through<cuts, Real<T>>(widen(dy[at]), widen(y[at]), limits);
  };
  int64_t row = 0;
  for (; row + 2 <= rows; row += 2) {
    const int64_t start = row * channels;
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t at = start + c, below = at + channels;
      const Real<T> value = widen(x[at]), next = widen(x[below]);
      const Real<T> g = gradient(at), h = gradient(below);
      sum[c] += static_cast<double>(g) + static_cast<double>(h);
      product[c] += static_cast<double>(g * (value - mean[c]))
          + static_cast<double>(h * (next - mean[c]));
    }
  }
  for (; row < rows; ++row) {
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t at = row * channels + c;
      const Real<T> value = widen(x[at]), g = gradient(at);
      sum[c] += g;
      product[c] += g * (value - mean[c]);
    }
  }
}

template <typename T, bool cuts, bool residual>
void write_gradients(
    T *__restrict dx, T *__restrict residual_gradient, const T *__restrict dy,
    const T *__restrict x, const T *__restrict y, int64_t rows, int64_t channels,
    const Affine<Real<T>> &values, Bounds<Real<T>> limits, const Real<T> *__restrict slope,
    const Real<T> *__restrict offset) {
  const Real<T> *__restrict mean = values.mean.data();
  const Real<T> *__restrict scale = values.scale.data();
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t start = row * channels;
    const T *__restrict row_x = x + start, *__restrict row_y = y + start;
    const T *__restrict row_dy = dy + start;
    T *__restrict row_dx = dx + start, *__restrict row_dr = residual_gradient + start;
    for (int64_t c = 0; c < channels; ++c) {
      const Real<T> value = widen(row_x[c]);
      const Real<T> g = through<cuts, Real<T>>(widen(row_dy[c]), widen(row_y[c]), limits);
      row_dx[c] = narrow<T>(scale[c] * g + (value - mean[c]) * slope[c] + offset[c]);
      if constexpr (residual) row_dr[c] = narrow<T>(g);
    }
  }
}

/// Calls `body` with whether the activation cuts its input, as a constant.
template <typename Body>
void for_cuts(Activation activation, const Body &body) {
  if (activation == Activation::none) return body(std::false_type());
  body(std::true_type());
}

/// Throws unless a map has the size and the type of `x`, and both are dense.
void check_alike(const Map &map, const Map &x) {
  check(
      map.type == x.type && map.batch == x.batch && map.channels == x.channels && map.size == x.size
          && map.step == map.channels && x.step == x.channels,
      "batch norm: expected maps of one size and type");
}

}  // namespace

void batch_norm_sums(double *sums, const Map &x) {
  check_alike(x, x);
  const Rows rows(x);
  PartialSums partial(rows);
  for_type(x.type, [&](auto *type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const T *data = x.values<T>();
    rows.for_each_part([&](int64_t part, int64_t first, int64_t end) {
      add_squares(
          partial.first(part), partial.second(part), data + first * rows.channels, end - first,
          rows.channels);
    });
  });
  partial.total(sums);
}

void batch_norm_apply(
    const Map &y, const Map &x, const Map *residual, const Normalisation &values,
    Activation activation) {
  const Map &added = residual != nullptr ? *residual : x;
  check_alike(y, x);
  check_alike(added, x);
  const Rows rows(x);
  for_type(x.type, [&](auto *type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const Affine<Real<T>> affine(values, rows.channels);
    const auto limits = bounds<Real<T>>(activation);
    rows.for_each_part([&](int64_t, int64_t first, int64_t end) {
      const int64_t start = first * rows.channels;
      const auto kernel =
          residual != nullptr ? &normalise_rows<T, true> : &normalise_rows<T, false>;
      kernel(
          y.values<T>() + start, x.values<T>() + start, added.values<T>() + start, end - first,
          rows.channels, affine, limits);
    });
  });
}

void batch_norm_backward_sums(
    double *sums, const Map &dy, const Map &x, const Map &y, const Normalisation &values,
    Activation activation) {
  check_alike(dy, x);
  check_alike(y, x);
  const Rows rows(x);
  PartialSums partial(rows);
  for_type(x.type, [&](auto *type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const Affine<Real<T>> affine(values, rows.channels);
    const auto limits = bounds<Real<T>>(activation);
    for_cuts(activation, [&](auto cuts) {
      rows.for_each_part([&](int64_t part, int64_t first, int64_t end) {
        const int64_t start = first * rows.channels;
        add_gradients<T, cuts.value>(
            partial.first(part), partial.second(part), dy.values<T>() + start,
            x.values<T>() + start, y.values<T>() + start, end - first, rows.channels, affine,
            limits);
      });
    });
    // The kernel's products are with x less the mean that is held: make them products with xhat.
    partial.total(sums);
    double *sum = sums;
    for (int64_t image = 0; image < rows.images; ++image, sum += 2 * rows.channels) {
      double *product = sum + rows.channels;
      for (int64_t c = 0; c < rows.channels; ++c) {
        product[c] = (product[c] - sum[c] * affine.rest[c]) * affine.invstd[c];
      }
    }
  });
}

void batch_norm_backward_input(
    const Map &dx, const Map *dresidual, const Map &dy, const Map &x, const Map &y,
    const Normalisation &values, const double *mean_g, const double *mean_g_xhat,
    Activation activation) {
  // Where nothing is written, any map will do.
  const Map &dr = dresidual != nullptr ? *dresidual : dx;
  for (const Map *map : {&dx, &dr, &dy, &y}) check_alike(*map, x);
  const Rows rows(x);
  for_type(x.type, [&](auto *type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const Affine<Real<T>> affine(values, rows.channels);
    const auto limits = bounds<Real<T>>(activation);
    // dx = scale * g + (x - mean) * slope + offset
    std::vector<Real<T>> slope, offset;
    for (int64_t c = 0; c < rows.channels; ++c) {
      const double exact = -affine.scales[c] * affine.invstd[c] * mean_g_xhat[c];
      const double held = -affine.scales[c] * mean_g[c];  // by itself: rounded before the difference
      slope.push_back(static_cast<Real<T>>(exact));
      offset.push_back(static_cast<Real<T>>(held - exact * affine.rest[c]));
    }
    for_cuts(activation, [&](auto cuts) {
      rows.for_each_part([&](int64_t, int64_t first, int64_t end) {
        const int64_t start = first * rows.channels;
        const auto kernel = dresidual != nullptr ? &write_gradients<T, cuts.value, true>
                                                 : &write_gradients<T, cuts.value, false>;
        kernel(
            dx.values<T>() + start, dr.values<T>() + start, dy.values<T>() + start,
            x.values<T>() + start, y.values<T>() + start, end - first, rows.channels, affine,
            limits, slope.data(), offset.data());
      });
    });
  });
}

}  // namespace rdd::onednn
