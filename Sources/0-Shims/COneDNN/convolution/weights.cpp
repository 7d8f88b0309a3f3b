#include "COneDNN/convolution/weights.h"

#include "COneDNN/arithmetic.h"
#include "COneDNN/threads.h"

#include <algorithm>

namespace rdd::onednn {

namespace {

/// Values between neighbours in weights whose inputs and taps lie in this order.
struct Steps {
  int64_t output, input, tap;

  Steps(const Weights &weights, int64_t inputs, int64_t taps) : output(inputs * taps) {
    const bool last = weights.order == WeightOrder::last;
    check(last || weights.order == WeightOrder::plain, "convolution: unknown order of weights");
    input = last ? 1 : taps;
    tap = last ? inputs : 1;
  }
};

template <typename T>
void turn(
    T *__restrict to, const T *__restrict from, const Steps &steps, int64_t outputs, int64_t inputs,
    int64_t taps) {
  constexpr int64_t tile = 16;  // outputs at a time, so that what is read stays in the cache
  for (int64_t first = 0; first < outputs; first += tile) {
    const int64_t end = std::min(first + tile, outputs);
    for (int64_t i = 0; i < inputs; ++i) {
      for (int64_t o = first; o < end; ++o) {
        const T *source = from + o * steps.output + i * steps.input;
        T *target = to + (i * outputs + o) * taps;
        for (int64_t tap = 0; tap < taps; ++tap) {
          target[tap] = source[(taps - 1 - tap) * steps.tap];
        }
      }
    }
  }
}

}  // namespace

void *Weights::first_tap(const ConvolutionShape &shape) const {
  return static_cast<char *>(data) + shape.weights_offset(order) * bytes_of(type);
}

Memory turned(const Weights &weights, const ConvolutionShape &shape) {
  const int64_t outputs = shape.out_channels, inputs = shape.in_channels / shape.groups;
  const int64_t taps = shape.full_kernel[0] * shape.full_kernel[1];
  const Steps steps(weights, inputs, taps);
  Memory to = allocate(shape.weights_count() * bytes_of(weights.type));
  for_short_type(weights.type, [&](auto *type) {
    using T = std::remove_pointer_t<decltype(type)>;
    turn(
        static_cast<T *>(to.get()), static_cast<const T *>(weights.data), steps, outputs, inputs,
        taps);
  });
  return to;
}

Memory taps_of(const Weights &weights, const ConvolutionShape &shape) {
  constexpr int64_t tile = 4;  // inputs at a time: what is read of an output lies together
  const int64_t outputs = shape.out_channels, inputs = shape.in_channels;
  const Steps steps(weights, inputs, 9);
  Memory taps = allocate(9 * inputs * outputs * static_cast<int64_t>(sizeof(float)));
  const auto *from = static_cast<const float *>(weights.data);
  auto *to = static_cast<float *>(taps.get());
  parallel_for_each(ceil_div(inputs, tile), [&](int64_t part) {
    const int64_t first = part * tile, end = std::min(first + tile, inputs);
    for (int64_t o = 0; o < outputs; ++o) {
      for (int64_t i = first; i < end; ++i) {
        const float *source = from + o * steps.output + i * steps.input;
        for (int64_t tap = 0; tap < 9; ++tap) {
          to[(tap * inputs + i) * outputs + o] = source[tap * steps.tap];
        }
      }
    }
  });
  return taps;
}

Memory kernel_of(const float *taps, int64_t outputs, int64_t inputs) {
  Memory kernel = allocate(9 * inputs * outputs * static_cast<int64_t>(sizeof(float)));
  auto *to = static_cast<float *>(kernel.get());
  parallel_for_each(outputs, [&](int64_t o) {
    for (int64_t i = 0; i < inputs; ++i) {
      for (int64_t tap = 0; tap < 9; ++tap) {
        to[(o * inputs + i) * 9 + tap] = taps[(tap * inputs + i) * outputs + o];
      }
    }
  });
  return kernel;
}

}  // namespace rdd::onednn
