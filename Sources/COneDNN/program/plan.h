#pragma once

#include "COneDNN/program/layers.h"
#include "COneDNN/program/program.h"
#include "COneDNN/convolution/slabs.h"
#include "COneDNN/convolution/winograd.h"

#include "dnnl.hpp"

#include <vector>

namespace rdd::onednn {

/// Weights in the layout of a primitive.
struct PackedWeights {
  ConvolutionShape shape;
  dnnl::memory memory;
};

/// One node of a program as it was added.
struct ProgramNode {
  enum class Kind { input, convolution, max_pool, average_pool, resize, concatenate };

  Kind kind = Kind::input;
  std::vector<int64_t> inputs;
  int64_t channels = 0;
  std::optional<int64_t> residual, like;
  std::array<int64_t, 4> kernel{};  // [O, I / groups, kh, kw]
  // The weights, in one of three forms: as they were given, until they are packed; packed for
  // primitives, one of them whole; as Winograd reads them.
  at::Tensor weight;
  std::vector<PackedWeights> packed;
  at::Tensor taps;
  at::Tensor bias;          // in float32
  Window window;            // of convolutions, and stride and padding of max_pool
  Pair size{0, 0};          // max_pool: kernel; average_pool: bins
  Activation activation = Activation::none;
};

/// Where a value lies: in the shared memory, in the input, or in a result.
struct Place {
  enum class Base { memory, input, output };

  Base base = Base::memory;
  int64_t index = 0;   // which result
  int64_t offset = 0;  // in bytes
  int64_t step = 0;    // values from one pixel to the next
};

/// oneDNN's primitive for a slab of one image, with its weights packed.
struct PreparedSlab {
  Slab slab;
  dnnl::primitive primitive;
  dnnl::memory::desc source, destination, scratchpad;
  dnnl::memory weights, bias;
};

/// A convolution made ready: oneDNN's primitives, or Winograd.
struct PreparedConvolution {
  std::shared_ptr<const Winograd> winograd;
  std::vector<PreparedSlab> slabs;
};

/// A program for one image size.
struct ProgramPlan {
  int64_t batch, height, width;
  std::vector<Pair> sizes;
  std::vector<Place> places;
  std::vector<PreparedConvolution> convolutions;  // by node
  int64_t bytes = 0;
  int64_t scratch_bytes = 0, scratch_offset = 0;
  int threads = 1;

  ProgramPlan(
      std::vector<ProgramNode> &nodes, const std::vector<int64_t> &outputs, at::ScalarType type,
      int64_t batch, int64_t height, int64_t width);

  /// Runs every node. `outputs` are the results' addresses.
  void run(
      const std::vector<ProgramNode> &nodes, at::ScalarType type, char *memory, char *input,
      const std::vector<char *> &outputs);

 private:
  void place(
      const std::vector<ProgramNode> &nodes, const std::vector<int64_t> &outputs,
      const std::vector<int64_t> &slices, int64_t element);
};

/// The height and width of every value for `batch` images of a size.
std::vector<Pair> infer_sizes(
    const std::vector<ProgramNode> &nodes, int64_t batch, int64_t height, int64_t width);

/// The primitives for a convolution node; with `step` other than the node's channels, it writes into
/// a slice, or comes back empty where oneDNN has no fast kernel for that.
std::optional<PreparedConvolution> prepare_convolution(
    ProgramNode &node, const ConvolutionShape &shape, at::ScalarType type, int64_t step);

}  // namespace rdd::onednn
