#include "COneDNN/convolution/execution.h"
#include "COneDNN/program/layers.h"
#include "COneDNN/program/plan.h"
#include "COneDNN/threads.h"

namespace rdd::onednn {

namespace {

using Kind = ProgramNode::Kind;

/// Every slab of every image, each by one thread.
void convolve(
    const std::vector<PreparedSlab> &slabs, const Map &to, const Map &from) {
  const auto count = static_cast<int64_t>(slabs.size());
  parallel_units(to.batch * count, [&](int64_t unit) {
    const PreparedSlab &part = slabs[static_cast<std::size_t>(unit % count)];
    Arguments arguments{
        {DNNL_ARG_SRC, memory_at(part.source, from.row(unit / count, part.slab.input_row))},
        {DNNL_ARG_DST, memory_at(part.destination, to.row(unit / count, part.slab.output_row))},
        {DNNL_ARG_WEIGHTS, part.weights},
        {DNNL_ARG_SCRATCHPAD,
         memory_at(part.scratchpad, scratch(Scratch::primitive, part.scratchpad.get_size()))}};
    if (part.bias) arguments[DNNL_ARG_BIAS] = part.bias;
    part.primitive.execute(stream(), arguments);
    stream().wait();
  });
}

}  // namespace

void ProgramPlan::run(
    const std::vector<ProgramNode> &nodes, Element type, char *memory, char *input,
    const std::vector<char *> &outputs) const {
  const auto map = [&](int64_t value) {
    const Place &place = places[value];
    char *base = place.base == Place::Base::memory ? memory
        : place.base == Place::Base::input         ? input
                                                   : outputs[place.index];
    return Map{
        base + place.offset, type, batch, nodes[value].channels, sizes[value], place.step};
  };
  for (int64_t i = 1; i < static_cast<int64_t>(nodes.size()); ++i) {
    const ProgramNode &node = nodes[i];
    const Map to = map(i), from = map(node.inputs[0]);
    switch (node.kind) {
      case Kind::input: break;
      case Kind::convolution: {
        const PreparedConvolution &convolution = convolutions[i];
        if (node.residual) {
          const Map residual = map(*node.residual);
          if (residual.data != to.data) copy_map(to, residual);
        }
        if (convolution.winograd) {
          convolution.winograd->run(
              to, from, static_cast<const float *>(node.taps.get()),
              static_cast<const float *>(node.bias.get()), node.residual.has_value(),
              node.activation, memory + scratch_offset);
          break;
        }
        convolve(convolution.slabs, to, from);
        break;
      }
      case Kind::max_pool:
        max_pool(to, from, node.size, node.window.stride, node.window.padding);
        break;
      case Kind::average_pool: average_pool(to, from); break;
      case Kind::resize: resize(to, from, node.aligns_corners); break;
      case Kind::scale: scale(to, from, map(node.inputs[1])); break;
      case Kind::concatenate: {
        int64_t channel = 0;
        for (const int64_t value : node.inputs) {
          const Map part = map(value);
          Map slice = part;
          slice.data = static_cast<char *>(to.data) + channel * bytes_of(type);
          slice.step = to.step;
          if (slice.data != part.data) copy_map(slice, part);
          channel += part.channels;
        }
        break;
      }
    }
  }
}

}  // namespace rdd::onednn
