#include "COneDNN/program/layers.h"

#include "COneDNN/arithmetic.h"
#include "COneDNN/threads.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

namespace rdd::onednn {

namespace {

/// The first value of pixel `(image, y, x)`.
template <typename T>
T *pixel(const Map &map, int64_t image, int64_t y, int64_t x) {
  return map.values<T>() + ((image * map.size[0] + y) * map.size[1] + x) * map.step;
}

/// Calls `body(image, y)` for every row of the map.
template <typename Body>
void for_each_row(const Map &map, const Body &body) {
  parallel_for_each(map.batch * map.size[0], [&](int64_t row) {
    body(row / map.size[0], row % map.size[0]);
  });
}

/// Where an output coordinate lies between two input coordinates.
struct Position {
  int64_t low, high;
  float weight;  // of the high one

  Position(int64_t i, int64_t out, int64_t in, bool aligns_corners) {
    const double exact = aligns_corners ? aligned(i, out, in) : std::max(centred(i, out, in), 0.0);
    low = std::min(static_cast<int64_t>(exact), in - 1);
    high = std::min(low + 1, in - 1);
    weight = static_cast<float>(exact - static_cast<double>(low));
  }

 private:
  static double aligned(int64_t i, int64_t out, int64_t in) {
    const double scale = out > 1 ? static_cast<double>(in - 1) / static_cast<double>(out - 1) : 0.0;
    return static_cast<double>(i) * scale;
  }

  static double centred(int64_t i, int64_t out, int64_t in) {
    return (static_cast<double>(i) + 0.5) * static_cast<double>(in) / static_cast<double>(out) - 0.5;
  }
};

template <typename T>
void larger(T *__restrict largest, const T *__restrict values, int64_t channels) {
  for (int64_t c = 0; c < channels; ++c) {
    const float a = widen(largest[c]), b = widen(values[c]);
    largest[c] = ((a >= b) | (a != a)) ? largest[c] : values[c];  // NaN wins
  }
}

template <typename T>
void blend(
    T *__restrict to, const T *__restrict a, const T *__restrict b, const T *__restrict c,
    const T *__restrict d, float right, float down, int64_t channels) {
  for (int64_t i = 0; i < channels; ++i) {
    const float top = widen(a[i]) + right * (widen(b[i]) - widen(a[i]));
    const float bottom = widen(c[i]) + right * (widen(d[i]) - widen(c[i]));
    to[i] = narrow<T>(top + down * (bottom - top));
  }
}

}  // namespace

void copy_map(const Map &to, const Map &from) {
  for_short_type(to.type, [&](auto *element) {
    using T = std::remove_pointer_t<decltype(element)>;
    for_each_row(to, [&](int64_t image, int64_t y) {
      const bool dense = to.step == to.channels && from.step == from.channels;
      const int64_t pixels = dense ? 1 : to.size[1];
      const int64_t values = dense ? to.size[1] * to.channels : to.channels;
      for (int64_t x = 0; x < pixels; ++x) {
        std::memcpy(
            pixel<T>(to, image, y, x), pixel<T>(from, image, y, x),
            static_cast<std::size_t>(values) * sizeof(T));
      }
    });
  });
}

void max_pool(
    const Map &to, const Map &from, const Pair &kernel, const Pair &stride, const Pair &padding) {
  for_short_type(to.type, [&](auto *element) {
    using T = std::remove_pointer_t<decltype(element)>;
    for_each_row(to, [&](int64_t image, int64_t out_y) {
      const int64_t top = out_y * stride[0] - padding[0];
      for (int64_t out_x = 0; out_x < to.size[1]; ++out_x) {
        const int64_t left = out_x * stride[1] - padding[1];
        T *largest = pixel<T>(to, image, out_y, out_x);
        std::fill_n(largest, to.channels, narrow<T>(-std::numeric_limits<float>::infinity()));
        for (int64_t y = std::max<int64_t>(top, 0);
             y < std::min(top + kernel[0], from.size[0]); ++y) {
          for (int64_t x = std::max<int64_t>(left, 0);
               x < std::min(left + kernel[1], from.size[1]); ++x) {
            larger(largest, pixel<T>(from, image, y, x), to.channels);
          }
        }
      }
    });
  });
}

void average_pool(const Map &to, const Map &from) {
  for_short_type(to.type, [&](auto *element) {
    using T = std::remove_pointer_t<decltype(element)>;
    for_each_row(to, [&](int64_t image, int64_t bin_y) {
      std::vector<double> sums(static_cast<std::size_t>(to.channels));
      double *sum = sums.data();
      const Pair bins = to.size, n = from.size;
      const int64_t top = bin_y * n[0] / bins[0];
      const int64_t bottom = ceil_div((bin_y + 1) * n[0], bins[0]);
      for (int64_t bin_x = 0; bin_x < bins[1]; ++bin_x) {
        const int64_t left = bin_x * n[1] / bins[1];
        const int64_t right = ceil_div((bin_x + 1) * n[1], bins[1]);
        std::fill(sums.begin(), sums.end(), 0.0);
        for (int64_t y = top; y < bottom; ++y) {
          for (int64_t x = left; x < right; ++x) {
            const T *values = pixel<T>(from, image, y, x);
            for (int64_t c = 0; c < to.channels; ++c) sum[c] += widen(values[c]);
          }
        }
        const double scale = 1.0 / static_cast<double>((bottom - top) * (right - left));
        T *mean = pixel<T>(to, image, bin_y, bin_x);
        for (int64_t c = 0; c < to.channels; ++c) {
          mean[c] = narrow<T>(static_cast<float>(sum[c] * scale));
        }
      }
    });
  });
}

void resize(const Map &to, const Map &from, bool aligns_corners) {
  for_short_type(to.type, [&](auto *element) {
    using T = std::remove_pointer_t<decltype(element)>;
    for_each_row(to, [&](int64_t image, int64_t y) {
      const Position row(y, to.size[0], from.size[0], aligns_corners);
      for (int64_t x = 0; x < to.size[1]; ++x) {
        const Position column(x, to.size[1], from.size[1], aligns_corners);
        blend(
            pixel<T>(to, image, y, x), pixel<T>(from, image, row.low, column.low),
            pixel<T>(from, image, row.low, column.high),
            pixel<T>(from, image, row.high, column.low),
            pixel<T>(from, image, row.high, column.high), column.weight, row.weight, to.channels);
      }
    });
  });
}

void scale(const Map &to, const Map &from, const Map &factors) {
  for_short_type(to.type, [&](auto *element) {
    using T = std::remove_pointer_t<decltype(element)>;
    for_each_row(to, [&](int64_t image, int64_t y) {
      const T *factor = pixel<T>(factors, image, 0, 0);
      for (int64_t x = 0; x < to.size[1]; ++x) {
        T *scaled = pixel<T>(to, image, y, x);
        const T *values = pixel<T>(from, image, y, x);
        for (int64_t c = 0; c < to.channels; ++c) {
          scaled[c] = narrow<T>(widen(values[c]) * widen(factor[c]));
        }
      }
    });
  });
}

}  // namespace rdd::onednn
