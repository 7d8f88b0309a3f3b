#include "COneDNN/convolution/plan.h"

#include "COneDNN/check.h"
#include "COneDNN/engine.h"
#include "COneDNN/threads.h"

#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace rdd::onednn {

namespace {

/// A primitive that would do.
struct Candidate {
  dnnl::primitive primitive;
  Desc source, weights, destination, scratchpad;  // its layouts
  std::string implementation;

  /// Whether it is a kernel for convolutions, not im2col with a matrix product, nor the reference.
  bool direct() const {
    return implementation.find("gemm:") == std::string::npos
        && implementation.find("ref") == std::string::npos
        && implementation.find("simple") == std::string::npos;
  }
};

/// The primitive for `key` with activations in the layout `tag`.
Candidate make_candidate(const ConvolutionKey &key, Tag tag) {
  ConvolutionDesc convolution = describe(key.shape, key.activations, tag, key.with_bias);
  const dnnl::primitive_attr attributes = scratchpad_attributes();
  const auto forward = [&](dnnl::prop_kind kind) {
    return forward_desc(engine(), kind, convolution, attributes);
  };
  switch (key.pass) {
    case Pass::forward: {
      const auto pd = forward(dnnl::prop_kind::forward_inference);
      return {dnnl::convolution_forward(pd), pd.src_desc(), pd.weights_desc(), pd.dst_desc(),
              pd.scratchpad_desc(), pd.impl_info_str()};
    }
    case Pass::backward_data: {
      const auto hint = forward(dnnl::prop_kind::forward_training);
      const auto pd = backward_data_desc(engine(), convolution, hint, attributes);
      return {dnnl::convolution_backward_data(pd), pd.diff_src_desc(), pd.weights_desc(),
              pd.diff_dst_desc(), pd.scratchpad_desc(), pd.impl_info_str()};
    }
    case Pass::backward_weights: {
      const auto hint = forward(dnnl::prop_kind::forward_training);
      // The gradient is float32 whatever the weights are.
      convolution.weights = Desc(key.shape.weights_dims(), Type::f32, Tag::any);
      const auto pd = backward_weights_desc(engine(), convolution, hint, attributes);
      return {dnnl::convolution_backward_weights(pd), pd.src_desc(), pd.diff_weights_desc(),
              pd.diff_dst_desc(), pd.scratchpad_desc(), pd.impl_info_str()};
    }
  }
  fail("unreachable: unknown pass");
}

/// A direct kernel for channels last; where there is none, one for oneDNN's own layout; where
/// there is none either, the same in float32. That is also correct where oneDNN 2.6 is not: its
/// weight gradient of grouped bfloat16 convolutions by matrix products.
Candidate best_candidate(const ConvolutionKey &key) {
  const ConvolutionShape &shape = key.shape;
  if (key.pass == Pass::backward_weights && key.activations == Type::f32 && shape.groups == 1
      && shape.in_channels % 16 == 0 && shape.out_channels % 16 == 0
      && shape.full_kernel != Pair{1, 1}) {
    // oneDNN's own layout is faster here by a quarter to a half, its reorders included.
    Candidate blocked = make_candidate(key, Tag::nChw16c);
    if (blocked.direct()) return blocked;
  }
  Candidate plain = make_candidate(key, Tag::nhwc);
  if (plain.direct()) return plain;
  Candidate own = make_candidate(key, Tag::any);
  if (own.direct()) return own;
  if (key.activations == Type::f32) return plain;
  ConvolutionKey single = key;
  single.activations = Type::f32;
  return best_candidate(single);
}

void connect(ConvolutionPlan::Operand &operand, const Desc &plain, const Desc &own, bool result) {
  operand.plain = plain;
  operand.own = own;
  operand.reordered = plain != own;
  if (!operand.reordered) return;
  const Desc &from = result ? own : plain, &to = result ? plain : own;
  operand.reorder =
      dnnl::reorder(dnnl::reorder::primitive_desc(engine(), from, engine(), to, scratchpad_attributes()));
}

std::shared_ptr<const ConvolutionPlan> make_plan(const ConvolutionKey &key) {
  require_code_memory();
  const ConvolutionShape &shape = key.shape;
  const Candidate candidate = best_candidate(key);
  auto plan = std::make_shared<ConvolutionPlan>();
  plan->primitive = candidate.primitive;
  plan->scratchpad = candidate.scratchpad;
  plan->with_bias = key.with_bias;
  if (key.with_bias) plan->bias = Desc(shape.bias_dims(), Type::f32, Tag::x);
  connect(
      plan->source, Desc(shape.input_dims(), key.activations, Tag::nhwc), candidate.source,
      key.pass == Pass::backward_data);
  connect(
      plan->weights,
      Desc(shape.weights_dims(), key.weights, shape.weights_strides(key.order)),
      candidate.weights, key.pass == Pass::backward_weights);
  connect(
      plan->destination, Desc(shape.output_dims(), key.activations, Tag::nhwc),
      candidate.destination, key.pass == Pass::forward);
  return plan;
}

/// The key as bytes; the thread count is part of it, because primitives divide the work when made.
std::string bytes(const ConvolutionKey &key) {
  const ConvolutionShape &s = key.shape;
  const std::vector<int64_t> numbers{
      static_cast<int64_t>(key.pass), static_cast<int64_t>(key.activations),
      static_cast<int64_t>(key.weights), static_cast<int64_t>(key.order), key.with_bias,
      library_threads(),
      s.batch, s.in_channels, s.out_channels, s.groups, s.in[0], s.in[1], s.out[0], s.out[1],
      s.kernel[0], s.kernel[1], s.first[0], s.first[1], s.stride[0], s.stride[1], s.before[0],
      s.before[1], s.after[0], s.after[1], s.dilation[0], s.dilation[1], s.full_kernel[0],
      s.full_kernel[1]};
  return {reinterpret_cast<const char *>(numbers.data()), numbers.size() * sizeof(int64_t)};
}

}  // namespace

ConvolutionDesc describe(
    const ConvolutionShape &shape, Type activations, Tag tag, bool with_bias) {
  return {
      Desc(shape.input_dims(), activations, tag),
      Desc(shape.weights_dims(), activations, Tag::any),
      with_bias ? Desc(shape.bias_dims(), Type::f32, Tag::x) : Desc(),
      Desc(shape.output_dims(), activations, tag),
      {shape.stride[0], shape.stride[1]},
      {shape.dilation[0] - 1, shape.dilation[1] - 1},
      {shape.before[0], shape.before[1]},
      {shape.after[0], shape.after[1]}};
}

std::shared_ptr<const ConvolutionPlan> convolution_plan(const ConvolutionKey &key) {
  constexpr std::size_t capacity = 4096;
  using Plan = std::shared_ptr<const ConvolutionPlan>;
  using Order = std::list<std::pair<std::string, Plan>>;
  static std::mutex mutex;
  static Order order;  // the one used last first
  static std::unordered_map<std::string, Order::iterator> places;

  const std::string name = bytes(key);
  const std::lock_guard<std::mutex> lock(mutex);
  const auto place = places.find(name);
  if (place != places.end()) {
    order.splice(order.begin(), order, place->second);
    return order.front().second;
  }
  order.emplace_front(name, make_plan(key));
  places[name] = order.begin();
  if (order.size() > capacity) {
    places.erase(order.back().first);
    order.pop_back();
  }
  return order.front().second;
}

}  // namespace rdd::onednn
