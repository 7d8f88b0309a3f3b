#pragma once

#include "COneDNN/activation.h"
#include "COneDNN/convolution/shape.h"
#include "COneDNN/map.h"
#include "COneDNN/memory.h"

#include <array>
#include <memory>
#include <optional>
#include <vector>

namespace rdd::onednn {

struct ProgramNode;
struct ProgramPlan;

/// A frozen network: built node by node, then run forward many times.
///
/// Batch norms are folded into weights and biases by the caller. Activations and additions of a
/// residual happen inside the convolutions; weights are packed once for each image size; values
/// share one block of memory as their lifetimes permit. One thread at a time may use a program.
class Program {
 public:
  /// A value: what a node calculates.
  using Value = int64_t;

  /// An empty program that calculates in `type`, float32 or bfloat16.
  explicit Program(Element type);
  ~Program();
  Program(const Program &) = delete;
  Program &operator=(const Program &) = delete;

  /// The network's input, of `channels` channels; exactly one.
  Value add_input(int64_t channels);

  /// `activation(convolution(input) + bias + residual)`. `weight` is row-major in the program's type, its
  /// sizes `kernel` are `[O, I / groups, kh, kw]`; `bias` is null or `[O]`, float32; `residual` has the
  /// result's size. The memory is kept until the weights are packed.
  Value convolution(
      Value input, const std::array<int64_t, 4> &kernel, Memory weight, Memory bias,
      const Window &window, Activation activation, std::optional<Value> residual);

  /// The largest value of each window.
  Value max_pool(Value input, const Pair &kernel, const Pair &stride, const Pair &padding);

  /// The means over `bins` rows and columns of bins, adaptive; `{1, 1}` is the global mean.
  Value average_pool(Value input, const Pair &bins);

  /// Bilinear interpolation to the height and width of `like`: corners aligned, or else the edges.
  Value resize(Value input, Value like, bool aligns_corners);

  /// Each channel times its factor of `factors`, which has one pixel an image.
  Value scale(Value input, Value factors);

  /// The values' channels one after the other.
  Value concatenate(const std::vector<Value> &inputs);

  /// Makes `value` the next result of `run`; it is not the input and not yet a result.
  void add_output(Value value);

  /// A result's channels, height and width.
  struct Result {
    int64_t channels;
    Pair size;
  };

  /// The results in the order of `add_output` for an input of a size.
  std::vector<Result> results(const Pair &size) const;

  /// Writes the results for `input` to dense maps of the program's type, one for each.
  ///
  /// Goes through `images` images at a time. What a new size needs is made when it is met; the four sizes
  /// used last stay prepared.
  void run(const std::vector<Map> &outputs, const Map &input, int64_t images);

 private:
  const ProgramPlan &plan(int64_t batch, int64_t height, int64_t width);
  Value add(ProgramNode node);
  int64_t channels(Value value) const;

  Element type_;
  std::vector<ProgramNode> nodes_;
  std::vector<Value> outputs_;
  std::vector<std::unique_ptr<ProgramPlan>> plans_;  // the one used last first
  Memory memory_;  // that the values share
  int64_t bytes_ = 0;
};

}  // namespace rdd::onednn
