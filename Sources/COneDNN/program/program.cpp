#include "COneDNN/program/program.h"

#include "COneDNN/engine.h"
#include "COneDNN/program/plan.h"

#include <ATen/Parallel.h>

#include <algorithm>

namespace rdd::onednn {

using Kind = ProgramNode::Kind;

Program::Program(at::ScalarType type) : type_(computed_type(type)), wanted_(type) {
  data_type(type);
}

Program::~Program() = default;

Program::Value Program::add(ProgramNode node) {
  TORCH_CHECK(plans_.empty(), "program: nodes cannot be added after the first run");
  nodes_.push_back(std::move(node));
  return static_cast<Value>(nodes_.size()) - 1;
}

int64_t Program::channels(Value value) const {
  TORCH_CHECK(
      value >= 0 && value < static_cast<Value>(nodes_.size()), "program: there is no value ",
      value);
  return nodes_[static_cast<std::size_t>(value)].channels;
}

Program::Value Program::add_input(int64_t channels) {
  TORCH_CHECK(nodes_.empty(), "program: the input is the first node, and the only input");
  ProgramNode node;
  node.channels = channels;
  return add(std::move(node));
}

Program::Value Program::convolution(
    Value input, const at::Tensor &weight, const std::optional<at::Tensor> &bias,
    const Window &window, Activation activation, std::optional<Value> residual) {
  TORCH_CHECK(
      weight.dim() == 4 && weight.size(1) * window.groups == channels(input),
      "program: weights ", weight.sizes(), " with ", window.groups, " groups do not fit ",
      channels(input), " channels");
  ProgramNode node;
  node.kind = Kind::convolution;
  node.inputs = {input};
  node.channels = weight.size(0);
  // oneDNN would round them when it packs them; rounded now, they take half the memory.
  node.weight = weight.to(type_).contiguous();
  node.kernel = {weight.size(0), weight.size(1), weight.size(2), weight.size(3)};
  if (bias) {
    TORCH_CHECK(bias->numel() == node.channels, "program: the bias has ", bias->numel(),
        " elements; expected ", node.channels);
    node.bias = bias->to(at::kFloat).contiguous();
  }
  if (residual) {
    TORCH_CHECK(channels(*residual) == node.channels, "program: the residual has ",
        channels(*residual), " channels; expected ", node.channels);
  }
  node.window = window;
  node.activation = activation;
  node.residual = residual;
  return add(std::move(node));
}

Program::Value Program::max_pool(
    Value input, const Pair &kernel, const Pair &stride, const Pair &padding) {
  ProgramNode node;
  node.kind = Kind::max_pool;
  node.inputs = {input};
  node.channels = channels(input);
  node.size = kernel;
  node.window.stride = stride;
  node.window.padding = padding;
  return add(std::move(node));
}

Program::Value Program::average_pool(Value input, const Pair &bins) {
  ProgramNode node;
  node.kind = Kind::average_pool;
  node.inputs = {input};
  node.channels = channels(input);
  node.size = bins;
  return add(std::move(node));
}

Program::Value Program::resize(Value input, Value like) {
  channels(like);
  ProgramNode node;
  node.kind = Kind::resize;
  node.inputs = {input};
  node.channels = channels(input);
  node.like = like;
  return add(std::move(node));
}

Program::Value Program::concatenate(const std::vector<Value> &inputs) {
  TORCH_CHECK(!inputs.empty(), "program: nothing to concatenate");
  ProgramNode node;
  node.kind = Kind::concatenate;
  node.inputs = inputs;
  for (const Value input : inputs) node.channels += channels(input);
  return add(std::move(node));
}

void Program::add_output(Value value) {
  TORCH_CHECK(channels(value) > 0 && value != 0, "program: the input is not a result");
  TORCH_CHECK(
      std::find(outputs_.begin(), outputs_.end(), value) == outputs_.end(), "program: value ",
      value, " is a result already");
  TORCH_CHECK(plans_.empty(), "program: results cannot be added after the first run");
  outputs_.push_back(value);
}

ProgramPlan &Program::plan(int64_t batch, int64_t height, int64_t width) {
  const int threads = at::get_num_threads();
  const auto found = std::find_if(plans_.begin(), plans_.end(), [&](const auto &plan) {
    return plan->batch == batch && plan->height == height && plan->width == width
        && plan->threads == threads;
  });
  if (found != plans_.end()) {
    std::rotate(plans_.begin(), found, found + 1);
    return *plans_.front();
  }
  TORCH_CHECK(!nodes_.empty() && !outputs_.empty(), "program: it has no input or no result");
  plans_.insert(
      plans_.begin(),
      std::make_unique<ProgramPlan>(nodes_, outputs_, type_, batch, height, width));
  constexpr std::size_t kept = 4;
  if (plans_.size() > kept) plans_.pop_back();
  if (!memory_.defined() || memory_.numel() < plans_.front()->bytes) {
    memory_.reset();
    memory_ = at::empty({plans_.front()->bytes}, at::TensorOptions(at::kByte));
  }
  return *plans_.front();
}

void Program::finalise(int64_t batch, int64_t height, int64_t width) {
  plan(batch, height, width);
}

std::vector<at::Tensor> Program::run(const at::Tensor &x, int64_t images) {
  const at::Tensor input = channels_last(x.to(type_));
  const int64_t batch = x.size(0), group = images > 0 ? std::min(images, batch) : batch;
  TORCH_CHECK(batch > 0 && !nodes_.empty() && x.size(1) == nodes_.front().channels,
      "program: the input is ", x.sizes(), "; expected ", nodes_.empty() ? 0 : nodes_[0].channels,
      " channels");
  std::vector<at::Tensor> results;
  for (int64_t first = 0; first < batch; first += group) {
    const int64_t count = std::min(group, batch - first);
    ProgramPlan &plan = this->plan(count, x.size(2), x.size(3));
    std::vector<char *> addresses;
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      if (first == 0) {
        const auto value = static_cast<std::size_t>(outputs_[i]);
        const Pair size = plan.sizes[value];
        results.push_back(
            empty_channels_last({batch, nodes_[value].channels, size[0], size[1]}, type_));
      }
      const at::Tensor &result = results[i];
      addresses.push_back(static_cast<char *>(result.data_ptr())
          + first * (result.numel() / batch) * static_cast<int64_t>(result.element_size()));
    }
    char *address = static_cast<char *>(input.data_ptr())
        + first * (input.numel() / batch) * static_cast<int64_t>(input.element_size());
    plan.run(nodes_, type_, static_cast<char *>(memory_.data_ptr()), address, addresses);
  }
  for (at::Tensor &result : results) result = result.to(wanted_);
  return results;
}

int64_t Program::memory_bytes() const { return memory_.defined() ? memory_.numel() : 0; }

}  // namespace rdd::onednn
