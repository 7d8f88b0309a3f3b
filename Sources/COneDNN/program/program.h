#pragma once

#include "COneDNN/activation.h"
#include "COneDNN/convolution/shape.h"

#include <ATen/ATen.h>

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
/// share one block of memory as their lifetimes permit. Sizes are `[N, C, H, W]`, channels last.
/// One thread at a time may use a program.
class Program {
 public:
  /// A value: what a node calculates.
  using Value = int64_t;

  /// An empty program that calculates in `type`, float32 or bfloat16.
  explicit Program(at::ScalarType type);
  ~Program();
  Program(const Program &) = delete;
  Program &operator=(const Program &) = delete;

  /// The network's input, of `channels` channels; exactly one.
  Value add_input(int64_t channels);

  /// `activation(convolution(input) + bias + residual)`; `weight` `[O, I / groups, kh, kw]`, `bias`
  /// `[O]`, `residual` of the result's size. The tensors are kept in the program's type.
  Value convolution(
      Value input, const at::Tensor &weight, const std::optional<at::Tensor> &bias,
      const Window &window, Activation activation, std::optional<Value> residual);

  /// The largest value of each window.
  Value max_pool(Value input, const Pair &kernel, const Pair &stride, const Pair &padding);

  /// The means over `bins` rows and columns of bins, adaptive; `{1, 1}` is the global mean.
  Value average_pool(Value input, const Pair &bins);

  /// Bilinear interpolation, corners aligned, to the height and width of `like`.
  Value resize(Value input, Value like);

  /// The values' channels one after the other.
  Value concatenate(const std::vector<Value> &inputs);

  /// Makes `value` the next result of `run`; it is not the input and not yet a result.
  void add_output(Value value);

  /// Prepares for inputs of this height and width, `batch` images at a time. `run` does it itself
  /// when it meets a new size; the four sizes used last stay prepared.
  void finalise(int64_t batch, int64_t height, int64_t width);

  /// The results for `x` `[N, C, H, W]` of any floating-point type, each in the program's type and
  /// channels last. Goes through `images` images at a time (all if it is 0); one at a time keeps
  /// the working set small.
  std::vector<at::Tensor> run(const at::Tensor &x, int64_t images = 1);

  /// The bytes of the block of memory that the values share.
  int64_t memory_bytes() const;

 private:
  ProgramPlan &plan(int64_t batch, int64_t height, int64_t width);
  Value add(ProgramNode node);
  int64_t channels(Value value) const;

  at::ScalarType type_;    // what is computed in
  at::ScalarType wanted_;  // of the results
  std::vector<ProgramNode> nodes_;
  std::vector<Value> outputs_;
  std::vector<std::unique_ptr<ProgramPlan>> plans_;  // the one used last first
  at::Tensor memory_;
};

}  // namespace rdd::onednn
