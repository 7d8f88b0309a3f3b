#include "COneDNN/convolution/execution.h"
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
int64_t whole_lines(int64_t bytes) { return (bytes + 63) / 64 * 64; }

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

/// Every slab of every image, each by one thread.
void convolve(
    const std::vector<PreparedSlab> &slabs, const Map &to, const Map &from, int64_t element) {
  const auto count = static_cast<int64_t>(slabs.size());
  const auto row = [&](const Map &map, int64_t image, int64_t index) {
    return static_cast<char *>(map.data)
        + (image * map.size[0] + index) * map.size[1] * map.step * element;
  };
  parallel_units(to.batch * count, [&](int64_t unit) {
    const PreparedSlab &part = slabs[static_cast<std::size_t>(unit % count)];
    Arguments arguments{
        {DNNL_ARG_SRC, wrap(part.source, row(from, unit / count, part.slab.input_row))},
        {DNNL_ARG_DST, wrap(part.destination, row(to, unit / count, part.slab.output_row))},
        {DNNL_ARG_WEIGHTS, part.weights},
        {DNNL_ARG_SCRATCHPAD,
         wrap(part.scratchpad, scratch(Scratch::primitive, part.scratchpad.get_size()))}};
    if (part.bias) arguments[DNNL_ARG_BIAS] = part.bias;
    part.primitive.execute(stream(), arguments);
    stream().wait();
  });
}

}  // namespace

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
  std::vector<int64_t> buffer(nodes.size(), -1);
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

void ProgramPlan::run(
    const std::vector<ProgramNode> &nodes, at::ScalarType type, char *memory, char *input,
    const std::vector<char *> &outputs) {
  const auto element = static_cast<int64_t>(c10::elementSize(type));
  const auto map = [&](int64_t value) {
    const Place &place = places[value];
    char *base = place.base == Place::Base::memory ? memory
        : place.base == Place::Base::input         ? input
                                                   : outputs[place.index];
    return Map{base + place.offset, batch, nodes[value].channels, sizes[value], place.step};
  };
  for (int64_t i = 1; i < static_cast<int64_t>(nodes.size()); ++i) {
    const ProgramNode &node = nodes[i];
    const Map to = map(i), from = map(node.inputs[0]);
    switch (node.kind) {
      case Kind::input: break;
      case Kind::convolution: {
        PreparedConvolution &convolution = convolutions[i];
        if (node.residual) {
          const Map residual = map(*node.residual);
          if (residual.data != to.data) copy_map(to, residual, type);
        }
        if (convolution.winograd) {
          const auto values = [](const Map &place) {
            return Winograd::Map{static_cast<float *>(place.data), place.step};
          };
          convolution.winograd->run(
              values(to), values(from), node.taps.data_ptr<float>(),
              node.bias.defined() ? node.bias.data_ptr<float>() : nullptr,
              node.residual.has_value(), node.activation, memory + scratch_offset);
          break;
        }
        convolve(convolution.slabs, to, from, element);
        break;
      }
      case Kind::max_pool:
        max_pool(to, from, node.size, node.window.stride, node.window.padding, type);
        break;
      case Kind::average_pool: average_pool(to, from, type); break;
      case Kind::resize: resize_aligned(to, from, type); break;
      case Kind::concatenate: {
        int64_t channel = 0;
        for (const int64_t value : node.inputs) {
          const Map part = map(value);
          Map slice = part;
          slice.data = static_cast<char *>(to.data) + channel * element;
          slice.step = to.step;
          if (slice.data != part.data) copy_map(slice, part, type);
          channel += part.channels;
        }
        break;
      }
    }
  }
}

}  // namespace rdd::onednn
