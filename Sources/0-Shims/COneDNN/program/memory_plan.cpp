// Where the values of a program lie: those that are alive together do not overlap.
#include "COneDNN/arithmetic.h"
#include "COneDNN/program/plan.h"

#include <algorithm>

namespace rdd::onednn {

namespace {

using Kind = ProgramNode::Kind;

/// A piece of the shared memory that one or several values use, from step `first` to `last`.
struct Buffer {
  int64_t bytes, first, last, offset;
};

/// `bytes` rounded up to cache lines.
int64_t whole_lines(int64_t bytes) { return ceil_div(bytes, 64) * 64; }

/// Lays the buffers out so that those alive at the same step do not overlap; the bytes in all.
int64_t lay_out(std::vector<Buffer> &buffers) {
  std::vector<Buffer *> order;
  for (Buffer &buffer : buffers) order.push_back(&buffer);
  // Large ones first: the small ones then find room in the gaps.
  std::sort(order.begin(), order.end(), [](const Buffer *a, const Buffer *b) {
    return a->bytes != b->bytes ? a->bytes > b->bytes : a < b;
  });
  std::vector<Buffer *> placed;
  int64_t total = 0;
  for (Buffer *buffer : order) {
    std::sort(placed.begin(), placed.end(), [](const Buffer *a, const Buffer *b) {
      return a->offset < b->offset;
    });
    int64_t offset = 0;
    for (const Buffer *other : placed) {
      if (other->last < buffer->first || buffer->last < other->first) continue;
      if (offset + buffer->bytes <= other->offset) break;
      offset = std::max(offset, other->offset + other->bytes);
    }
    buffer->offset = offset;
    total = std::max(total, offset + buffer->bytes);
    placed.push_back(buffer);
  }
  return total;
}

}  // namespace

std::vector<int64_t> slice_candidates(
    const std::vector<ProgramNode> &nodes, const std::vector<int64_t> &outputs) {
  std::vector<int64_t> slices(nodes.size(), nowhere);
  std::vector<int> uses(nodes.size(), 0);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const int64_t input : nodes[i].inputs) ++uses[input];
    if (nodes[i].residual) ++uses[*nodes[i].residual];
    if (nodes[i].kind != Kind::concatenate) continue;
    for (const int64_t input : nodes[i].inputs) slices[input] = static_cast<int64_t>(i);
  }
  for (const int64_t output : outputs) ++uses[output];
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Kind kind = nodes[i].kind;
    const bool writes_slices = kind != Kind::input && kind != Kind::concatenate
        && !nodes[i].residual;
    if (uses[i] != 1 || !writes_slices) slices[i] = nowhere;
  }
  return slices;
}

void ProgramPlan::place(
    const std::vector<ProgramNode> &nodes, const std::vector<int64_t> &outputs,
    const std::vector<int64_t> &slices, int64_t element) {
  const auto count = static_cast<int64_t>(nodes.size());
  std::vector<int64_t> last(nodes.size());  // the step that reads a value last
  for (int64_t i = 0; i < count; ++i) {
    last[i] = i;
    for (const int64_t input : nodes[i].inputs) last[input] = i;
    if (nodes[i].residual) last[*nodes[i].residual] = i;
  }

  places.assign(nodes.size(), Place());
  for (int64_t i = 0; i < count; ++i) places[i].step = nodes[i].channels;
  places[0].base = Place::Base::input;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    places[outputs[i]].base = Place::Base::output;
    places[outputs[i]].index = static_cast<int64_t>(i);
  }

  // Slices get their place with the concatenation, and sums that of a residual that ends there.
  std::vector<Buffer> buffers;
  std::vector<int64_t> buffer(nodes.size(), nowhere);
  std::vector<int64_t> first(nodes.size());
  for (int64_t i = 0; i < count; ++i) first[i] = i;
  for (int64_t i = count - 1; i >= 0; --i) {
    if (slices[i] >= 0) first[slices[i]] = std::min(first[slices[i]], first[i]);
  }
  for (int64_t i = 0; i < count; ++i) {
    if (places[i].base != Place::Base::memory || slices[i] >= 0) continue;
    const auto residual = nodes[i].residual;
    if (residual && buffer[*residual] >= 0 && buffers[buffer[*residual]].last == i
        && buffer[nodes[i].inputs[0]] != buffer[*residual]) {
      buffer[i] = buffer[*residual];
      buffers[buffer[i]].last = last[i];
      continue;
    }
    const int64_t size = batch * nodes[i].channels * sizes[i][0] * sizes[i][1] * element;
    buffer[i] = static_cast<int64_t>(buffers.size());
    buffers.push_back({whole_lines(size), first[i], last[i], 0});
  }
  // Winograd's workspace lives throughout.
  buffers.push_back({whole_lines(scratch_bytes), 0, count, 0});
  bytes = lay_out(buffers);
  scratch_offset = buffers.back().offset;
  for (int64_t i = 0; i < count; ++i) {
    if (buffer[i] >= 0) places[i].offset = buffers[buffer[i]].offset;
  }
  for (int64_t i = 0; i < count; ++i) {
    if (nodes[i].kind != Kind::concatenate) continue;
    int64_t channel = 0;
    for (const int64_t input : nodes[i].inputs) {
      if (slices[input] == i) {
        places[input] = places[i];
        places[input].offset += channel * element;
      }
      channel += nodes[input].channels;
    }
  }
}

}  // namespace rdd::onednn
