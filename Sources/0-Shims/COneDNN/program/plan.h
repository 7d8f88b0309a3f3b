#pragma once

#include "COneDNN/convolution/slabs.h"
#include "COneDNN/convolution/winograd.h"
#include "COneDNN/program/nodes.h"

#include <memory>
#include <optional>
#include <vector>

namespace rdd::onednn {

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
  Desc source, destination, scratchpad;
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

  /// Packs weights where a node has none yet in the layout that it needs.
  ProgramPlan(
      std::vector<ProgramNode> &nodes, const std::vector<int64_t> &outputs, Element type,
      int64_t batch, int64_t height, int64_t width);

  /// Runs every node. `outputs` are the results' addresses.
  void run(
      const std::vector<ProgramNode> &nodes, Element type, char *memory, char *input,
      const std::vector<char *> &outputs) const;

 private:
  /// Gives each value its place. `slices`: the concatenation that a value is written into, or `nowhere`.
  void place(
      const std::vector<ProgramNode> &nodes, const std::vector<int64_t> &outputs,
      const std::vector<int64_t> &slices, int64_t element);
};

/// The height and width of every value for `batch` images of a size.
std::vector<Pair> infer_sizes(
    const std::vector<ProgramNode> &nodes, int64_t batch, int64_t height, int64_t width);

constexpr int64_t nowhere = -1;

/// For each value, the concatenation that it can be written into directly, or `nowhere`: it is made
/// by a layer that can write slices and nothing else reads it.
std::vector<int64_t> slice_candidates(
    const std::vector<ProgramNode> &nodes, const std::vector<int64_t> &outputs);

/// The weights `[O, I / groups, kh, kw]` of a convolution node, row-major.
Memory plain_weights(const ProgramNode &node, Element type);

/// The primitives for a convolution node; with `step` other than the node's channels, it writes into
/// a slice, or comes back empty where oneDNN has no fast kernel for that.
std::optional<PreparedConvolution> prepare_convolution(
    ProgramNode &node, const ConvolutionShape &shape, Element type, int64_t step);

}  // namespace rdd::onednn
