#pragma once

#include "COneDNN/activation.h"
#include "COneDNN/convolution/shape.h"
#include "COneDNN/memory.h"

#include "dnnl.hpp"

#include <array>
#include <optional>
#include <vector>

namespace rdd::onednn {

/// Weights in the layout of a primitive.
struct PackedWeights {
  ConvolutionShape shape;
  dnnl::memory memory;
};

/// One node of a program as it was added.
struct ProgramNode {
  enum class Kind {
    input, convolution, max_pool, average_pool, resize, scale, concatenate
  };

  Kind kind = Kind::input;
  std::vector<int64_t> inputs;
  int64_t channels = 0;
  std::optional<int64_t> residual, like;
  std::array<int64_t, 4> kernel{};  // [O, I / groups, kh, kw]
  // The weights, in one of three forms: as they were given, until they are packed; packed for
  // primitives, one of them whole; as Winograd reads them.
  Memory weight;
  std::vector<PackedWeights> packed;
  Memory taps;
  Memory bias;              // in float32
  Window window;            // of convolutions, and stride and padding of max_pool
  Pair size{0, 0};          // max_pool: kernel; average_pool: bins
  Activation activation = Activation::none;
  bool aligns_corners = true;  // resize
};

}  // namespace rdd::onednn
