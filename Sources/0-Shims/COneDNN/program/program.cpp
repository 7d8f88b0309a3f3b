#include "COneDNN/program/program.h"

#include "COneDNN/check.h"
#include "COneDNN/program/plan.h"
#include "COneDNN/threads.h"

#include <algorithm>

namespace rdd::onednn {

using Kind = ProgramNode::Kind;

Program::Program(Element type) : type_(type) {
  check(type != Element::float64, "program: expected float32 or bfloat16, got ", name_of(type));
}

Program::~Program() = default;

Program::Value Program::add(ProgramNode node) {
  check(plans_.empty(), "program: nodes cannot be added after the first run");
  nodes_.push_back(std::move(node));
  return static_cast<Value>(nodes_.size()) - 1;
}

int64_t Program::channels(Value value) const {
  check(
      value >= 0 && value < static_cast<Value>(nodes_.size()), "program: there is no value ",
      value);
  return nodes_[static_cast<std::size_t>(value)].channels;
}

Program::Value Program::add_input(int64_t channels) {
  check(nodes_.empty(), "program: the input is the first node, and the only input");
  ProgramNode node;
  node.channels = channels;
  return add(std::move(node));
}

Program::Value Program::convolution(
    Value input, const std::array<int64_t, 4> &kernel, Memory weight, Memory bias,
    const Window &window, Activation activation, std::optional<Value> residual) {
  check(
      kernel[1] * window.groups == channels(input), "program: weights [", kernel[0], ", ", kernel[1],
      ", ", kernel[2], ", ", kernel[3], "] with ", window.groups, " groups do not fit ",
      channels(input), " channels");
  ProgramNode node;
  node.kind = Kind::convolution;
  node.inputs = {input};
  node.channels = kernel[0];
  node.kernel = kernel;
  node.weight = std::move(weight);
  node.bias = std::move(bias);
  if (residual) {
    check(
        channels(*residual) == node.channels, "program: the residual has ", channels(*residual),
        " channels; expected ", node.channels);
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

Program::Value Program::resize(Value input, Value like, bool aligns_corners) {
  channels(like);
  ProgramNode node;
  node.kind = Kind::resize;
  node.inputs = {input};
  node.channels = channels(input);
  node.like = like;
  node.aligns_corners = aligns_corners;
  return add(std::move(node));
}

Program::Value Program::scale(Value input, Value factors) {
  check(
      channels(factors) == channels(input), "program: ", channels(factors), " factors for ",
      channels(input), " channels");
  ProgramNode node;
  node.kind = Kind::scale;
  node.inputs = {input, factors};
  node.channels = channels(input);
  return add(std::move(node));
}

Program::Value Program::concatenate(const std::vector<Value> &inputs) {
  check(!inputs.empty(), "program: nothing to concatenate");
  ProgramNode node;
  node.kind = Kind::concatenate;
  node.inputs = inputs;
  for (const Value input : inputs) node.channels += channels(input);
  return add(std::move(node));
}

void Program::add_output(Value value) {
  check(channels(value) > 0 && value != 0, "program: the input is not a result");
  check(
      std::find(outputs_.begin(), outputs_.end(), value) == outputs_.end(), "program: value ",
      value, " is a result already");
  check(plans_.empty(), "program: results cannot be added after the first run");
  outputs_.push_back(value);
}

const ProgramPlan &Program::plan(int64_t batch, int64_t height, int64_t width) {
  const int threads = thread_count();
  const auto found = std::find_if(plans_.begin(), plans_.end(), [&](const auto &plan) {
    return plan->batch == batch && plan->height == height && plan->width == width
        && plan->threads == threads;
  });
  if (found != plans_.end()) {
    std::rotate(plans_.begin(), found, found + 1);
    return *plans_.front();
  }
  plans_.insert(
      plans_.begin(),
      std::make_unique<ProgramPlan>(nodes_, outputs_, type_, batch, height, width));
  constexpr std::size_t kept = 4;
  if (plans_.size() > kept) plans_.pop_back();
  if (!memory_ || bytes_ < plans_.front()->bytes) {
    memory_.reset();  // first, so that the old and the new one are never alive together
    memory_ = allocate(plans_.front()->bytes);
    bytes_ = plans_.front()->bytes;
  }
  return *plans_.front();
}

std::vector<Program::Result> Program::results(const Pair &size) const {
  check(!nodes_.empty() && !outputs_.empty(), "program: it has no input or no result");
  const std::vector<Pair> sizes = infer_sizes(nodes_, 1, size[0], size[1]);
  std::vector<Result> results;
  for (const Value output : outputs_) {
    const auto value = static_cast<std::size_t>(output);
    results.push_back({nodes_[value].channels, sizes[value]});
  }
  return results;
}

void Program::run(const std::vector<Map> &outputs, const Map &input, int64_t images) {
  check(!nodes_.empty() && !outputs_.empty(), "program: it has no input or no result");
  check(
      input.type == type_ && input.batch > 0 && input.channels == nodes_.front().channels,
      "program: the input has ", input.channels, " channels and is ", name_of(input.type),
      "; expected ", nodes_.front().channels, " and ", name_of(type_));
  check(
      images > 0 && outputs.size() == outputs_.size(), "program: it has ", outputs_.size(),
      " results, asked for ", outputs.size());
  for (int64_t first = 0; first < input.batch; first += images) {
    const int64_t count = std::min(images, input.batch - first);
    const ProgramPlan &plan = this->plan(count, input.size[0], input.size[1]);
    std::vector<char *> addresses;
    for (const Map &output : outputs) addresses.push_back(static_cast<char *>(output.row(first, 0)));
    plan.run(
        nodes_, type_, static_cast<char *>(memory_.get()), static_cast<char *>(input.row(first, 0)),
        addresses);
  }
}

}  // namespace rdd::onednn
