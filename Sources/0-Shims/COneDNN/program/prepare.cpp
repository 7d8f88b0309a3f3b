#include "COneDNN/program/plan.h"

#include "COneDNN/check.h"
#include "COneDNN/convolution/plan.h"
#include "COneDNN/convolution/weights.h"
#include "COneDNN/engine.h"
#include "COneDNN/threads.h"

#include <algorithm>
#include <string>

namespace rdd::onednn {

namespace {

using Kind = ProgramNode::Kind;

/// The convolution's primitive attributes: sum first, then the activation.
dnnl::primitive_attr attributes(const ProgramNode &node) {
  dnnl::post_ops operations;
  if (node.residual) operations.append_sum(1.0f);
  const auto limits = bounds<float>(node.activation);
  switch (node.activation) {
    case Activation::none: break;
    case Activation::relu:
      append_eltwise(operations, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
      break;
    case Activation::relu6:
      append_eltwise(operations, dnnl::algorithm::eltwise_clip, limits.low, limits.high);
      break;
    // x times the hard sigmoid of x, which is x / 6 + 1 / 2 between 0 and 1.
    case Activation::hard_swish:
      append_eltwise(operations, dnnl::algorithm::eltwise_hardswish, 1.0f / 6, 0.5f);
      break;
    case Activation::hard_sigmoid:
      append_eltwise(operations, dnnl::algorithm::eltwise_linear, 1.0f / 6, 0.5f);
      append_eltwise(operations, dnnl::algorithm::eltwise_clip, 0.0f, 1.0f);
      break;
    case Activation::sigmoid:
      append_eltwise(operations, dnnl::algorithm::eltwise_logistic, 0.0f, 0.0f);
      break;
  }
  dnnl::primitive_attr attributes = scratchpad_attributes();
  attributes.set_post_ops(operations);
  return attributes;
}

/// The weights in the layout `wanted`: those packed for it before, or packed now.
dnnl::memory packed_weights(
    ProgramNode &node, const ConvolutionShape &shape, Element type, const Desc &wanted) {
  for (const PackedWeights &packed : node.packed) {
    if (packed.memory.get_desc() == wanted && packed.shape.first == shape.first) {
      return packed.memory;
    }
  }
  const Memory kernel = plain_weights(node, type);
  const Weights weights{kernel.get(), type, WeightOrder::plain};
  const Desc plain(shape.weights_dims(), data_type(type), shape.weights_strides(weights.order));
  dnnl::memory from = memory_at(plain, weights.first_tap(shape)), to(wanted, engine());
  dnnl::reorder(from, to).execute(stream(), from, to);
  stream().wait();
  node.packed.push_back({shape, to});
  if (!shape.trimmed()) node.weight.reset();
  return to;
}

/// The primitive for a slab; empty where oneDNN has no fast kernel that writes a slice.
std::optional<PreparedSlab> prepare_slab(
    ProgramNode &node, const Slab &slab, Element type, int64_t step) {
  const ConvolutionShape &shape = slab.shape;
  const bool dense = step == shape.out_channels;
  ConvolutionDesc convolution =
      describe(shape, data_type(type), Tag::nhwc, node.bias != nullptr);
  if (!dense) {
    convolution.destination = Desc(
        shape.output_dims(), data_type(type),
        dnnl::memory::dims{shape.out[0] * shape.out[1] * step, 1, shape.out[1] * step, step});
  }
  const auto pd = forward_desc(
      engine(), dnnl::prop_kind::forward_inference, convolution, attributes(node), true);
  if (!dense) {
    if (!pd) return std::nullopt;
    const std::string name = pd.impl_info_str();
    if (name.find("brg") == std::string::npos && name.find("jit:") != 0) return std::nullopt;
  }
  check(
      static_cast<bool>(pd), "program: oneDNN has no convolution for [", node.kernel[0], ", ",
      node.kernel[1], ", ", node.kernel[2], ", ", node.kernel[3], "] ", name_of(type));
  PreparedSlab prepared{
      slab, dnnl::convolution_forward(pd), convolution.source, convolution.destination,
      pd.scratchpad_desc(), {}, {}};
  prepared.weights = packed_weights(node, shape, type, pd.weights_desc());
  if (node.bias) prepared.bias = memory_at(convolution.bias, node.bias.get());
  return prepared;
}

}  // namespace

Memory plain_weights(const ProgramNode &node, Element type) {
  if (node.weight) return node.weight;
  if (node.taps) {
    return kernel_of(static_cast<const float *>(node.taps.get()), node.kernel[0], node.kernel[1]);
  }
  const auto whole = std::find_if(node.packed.begin(), node.packed.end(), [](const auto &packed) {
    return !packed.shape.trimmed();
  });
  check(whole != node.packed.end(), "program: a convolution has lost its weights");
  const ConvolutionShape &shape = whole->shape;
  Memory plain = allocate(shape.weights_count() * bytes_of(type));
  const Desc row_major(
      shape.weights_dims(), data_type(type), shape.weights_strides(WeightOrder::plain));
  dnnl::memory from = whole->memory, to = memory_at(row_major, plain.get());
  dnnl::reorder(from, to).execute(stream(), from, to);
  stream().wait();
  return plain;
}

std::optional<PreparedConvolution> prepare_convolution(
    ProgramNode &node, const ConvolutionShape &shape, Element type, int64_t step) {
  require_code_memory();
  constexpr int64_t least_pixels = 512;
  const SingleThread one;
  PreparedConvolution prepared;
  for (const Slab &slab : slabs(shape, least_pixels)) {
    auto part = prepare_slab(node, slab, type, step);
    if (!part) return std::nullopt;
    prepared.slabs.push_back(*part);
  }
  return prepared;
}

std::vector<Pair> infer_sizes(
    const std::vector<ProgramNode> &nodes, int64_t batch, int64_t height, int64_t width) {
  std::vector<Pair> sizes;
  for (const ProgramNode &node : nodes) {
    const Pair in = node.inputs.empty() ? Pair{height, width} : sizes[node.inputs[0]];
    Pair size = in;
    if (node.kind == Kind::convolution) {
      const int64_t inputs = node.kernel[1] * node.window.groups;
      size = ConvolutionShape({batch, inputs, in[0], in[1]}, node.kernel, node.window).out;
    } else if (node.kind == Kind::max_pool) {
      for (int axis = 0; axis < 2; ++axis) {
        const int64_t room = in[axis] + 2 * node.window.padding[axis] - node.size[axis];
        check(room >= 0, "program: the pooling window exceeds a map of ", in[axis]);
        size[axis] = room / node.window.stride[axis] + 1;
      }
    } else if (node.kind == Kind::average_pool) {
      size = node.size;
    } else if (node.kind == Kind::resize) {
      size = sizes[*node.like];
    } else if (node.kind == Kind::scale) {
      check(
          (sizes[node.inputs[1]] == Pair{1, 1}), "program: the factors have more than one pixel an image");
    } else if (node.kind == Kind::concatenate) {
      for (const int64_t input : node.inputs) {
        check(sizes[input] == in, "program: concatenated maps differ in size");
      }
    }
    if (node.residual) {
      check(sizes[*node.residual] == size, "program: the residual's size differs");
    }
    sizes.push_back(size);
  }
  return sizes;
}

ProgramPlan::ProgramPlan(
    std::vector<ProgramNode> &nodes, const std::vector<int64_t> &outputs, Element type,
    int64_t batch, int64_t height, int64_t width)
    : batch(batch), height(height), width(width), threads(thread_count()) {
  sizes = infer_sizes(nodes, batch, height, width);
  std::vector<int64_t> slices = slice_candidates(nodes, outputs);
  convolutions.resize(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    ProgramNode &node = nodes[i];
    if (node.kind != Kind::convolution) continue;
    const Pair in = sizes[node.inputs[0]];
    const ConvolutionShape shape(
        {batch, node.kernel[1] * node.window.groups, in[0], in[1]}, node.kernel, node.window);
    if (type == Element::float32 && is_cut(node.activation) && Winograd::suits(shape)) {
      const auto winograd = std::make_shared<Winograd>(shape);
      if (!node.taps) {
        const Memory kernel = plain_weights(node, type);
        node.taps = taps_of({kernel.get(), type, WeightOrder::plain}, shape);
        node.weight.reset();
      }
      convolutions[i].winograd = winograd;
      scratch_bytes = std::max(scratch_bytes, winograd->workspace_bytes());
      continue;
    }
    std::optional<PreparedConvolution> prepared;
    if (slices[i] != nowhere) {
      prepared = prepare_convolution(node, shape, type, nodes[slices[i]].channels);
    }
    if (!prepared) {
      slices[i] = nowhere;
      prepared = prepare_convolution(node, shape, type, node.channels);
    }
    convolutions[i] = *prepared;
  }
  place(nodes, outputs, slices, bytes_of(type));
}

}  // namespace rdd::onednn
