#pragma once

#include <limits>

namespace rdd::onednn {

/// What follows a normalisation or a convolution, and the addition of the residual.
enum class Activation { none, relu, relu6, hard_swish, hard_sigmoid, sigmoid };

/// Whether it cuts its input to `bounds` and changes nothing else: only such functions follow a
/// normalisation, or a convolution by Winograd, in the same sweep.
constexpr bool is_cut(Activation activation) {
  return activation == Activation::none || activation == Activation::relu
      || activation == Activation::relu6;
}

/// The range that an activation cuts its input to. Inside of it, and not at its ends, gradients pass.
template <typename R>
struct Bounds {
  R low, high;
};

template <typename R>
constexpr Bounds<R> bounds(Activation activation) {
  constexpr R infinity = std::numeric_limits<R>::infinity();
  switch (activation) {
    case Activation::relu: return {0, infinity};
    case Activation::relu6: return {0, 6};
    default: return {-infinity, infinity};
  }
}

}  // namespace rdd::onednn
