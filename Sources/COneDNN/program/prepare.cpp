#include "COneDNN/program/plan.h"

#include "COneDNN/engine.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <string>

namespace rdd::onednn {

namespace {

using Kind = ProgramNode::Kind;
using Desc = dnnl::memory::desc;
using Type = dnnl::memory::data_type;
using Tag = dnnl::memory::format_tag;

constexpr int64_t nowhere = -1;

/// The convolution's primitive attributes: sum first, then the activation.
dnnl::primitive_attr attributes(const ProgramNode &node) {
  dnnl::post_ops operations;
  if (node.residual) operations.append_sum(1.0f);
  const auto append = [&](dnnl::algorithm kind, float alpha, float beta) {
#if DNNL_VERSION_MAJOR >= 3
    operations.append_eltwise(kind, alpha, beta);
#else
    operations.append_eltwise(1.0f, kind, alpha, beta);
#endif
  };
  if (node.activation == Activation::relu) append(dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
  if (node.activation == Activation::relu6) append(dnnl::algorithm::eltwise_clip, 0.0f, 6.0f);
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(operations);
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

/// The weights `[O, I / groups, kh, kw]`, row-major.
at::Tensor plain_weights(const ProgramNode &node, at::ScalarType type) {
  if (node.weight.defined()) return node.weight;
  if (node.taps.defined()) return node.taps.permute({3, 2, 0, 1}).contiguous();
  const auto whole = std::find_if(node.packed.begin(), node.packed.end(), [](const auto &packed) {
    return !packed.shape.trimmed();
  });
  TORCH_CHECK(whole != node.packed.end(), "program: a convolution has lost its weights");
  dnnl::memory from = whole->memory;
  const at::Tensor plain = at::empty(node.kernel, at::TensorOptions(type));
  const ConvolutionShape &shape = whole->shape;
  const Desc row_major(shape.weights_dims(), data_type(type), shape.weights_strides(WeightOrder::plain));
  dnnl::memory to(row_major, engine(), plain.data_ptr());
  dnnl::reorder(from, to).execute(stream(), from, to);
  stream().wait();
  return plain;
}

/// The weights in the layout `wanted`: those packed for it before, or packed now.
dnnl::memory packed_weights(
    ProgramNode &node, const ConvolutionShape &shape, at::ScalarType type, const Desc &wanted) {
  for (const PackedWeights &packed : node.packed) {
    if (packed.memory.get_desc() == wanted && packed.shape.first == shape.first) {
      return packed.memory;
    }
  }
  const at::Tensor weight = plain_weights(node, type);
  const Desc plain(shape.weights_dims(), data_type(type), shape.weights_strides(WeightOrder::plain));
  char *data = static_cast<char *>(weight.data_ptr())
      + shape.weights_offset(WeightOrder::plain) * static_cast<int64_t>(weight.element_size());
  dnnl::memory from(plain, engine(), data), to(wanted, engine());
  dnnl::reorder(from, to).execute(stream(), from, to);
  stream().wait();
  node.packed.push_back({shape, to});
  if (!shape.trimmed()) node.weight.reset();
  return to;
}

/// For each value, the concatenation that it can be written into directly, or nowhere: it is made
/// by a layer that can write slices and nothing else reads it.
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

}  // namespace

namespace {

/// The primitive for a slab; empty where oneDNN has no fast kernel that writes a slice.
std::optional<PreparedSlab> prepare_slab(
    ProgramNode &node, const Slab &slab, at::ScalarType type, int64_t step) {
  const ConvolutionShape &shape = slab.shape;
  const Type dtype = data_type(type);
  const bool dense = step == shape.out_channels;
  const Desc x(shape.input_dims(), dtype, Tag::nhwc);
  const Desc y = dense
      ? Desc(shape.output_dims(), dtype, Tag::nhwc)
      : Desc(shape.output_dims(), dtype,
            dnnl::memory::dims{shape.out[0] * shape.out[1] * step, 1, shape.out[1] * step, step});
  const Desc w(shape.weights_dims(), dtype, Tag::any);
  const Desc b = node.bias.defined() ? Desc(shape.bias_dims(), Type::f32, Tag::x) : Desc();
  const dnnl::memory::dims strides{shape.stride[0], shape.stride[1]};
  const dnnl::memory::dims dilates{shape.dilation[0] - 1, shape.dilation[1] - 1};
  const dnnl::memory::dims before{shape.before[0], shape.before[1]};
  const dnnl::memory::dims after{shape.after[0], shape.after[1]};
  const auto kind = dnnl::prop_kind::forward_inference;
  const auto direct = dnnl::algorithm::convolution_direct;
  const dnnl::primitive_attr attr = attributes(node);
#if DNNL_VERSION_MAJOR >= 3
  const dnnl::convolution_forward::primitive_desc pd(
      engine(), kind, direct, x, w, b, y, strides, dilates, before, after, attr, true);
#else
  const dnnl::convolution_forward::primitive_desc pd(
      dnnl::convolution_forward::desc(kind, direct, x, w, b, y, strides, dilates, before, after),
      attr, engine(), true);
#endif
  if (!dense) {
    if (!pd) return std::nullopt;
    const std::string name = pd.impl_info_str();
    if (name.find("brg") == std::string::npos && name.find("jit:") != 0) return std::nullopt;
  }
  TORCH_CHECK(pd, "program: oneDNN has no convolution for ", at::IntArrayRef(node.kernel), " ", type);
  PreparedSlab prepared{slab, dnnl::convolution_forward(pd), x, y, pd.scratchpad_desc(), {}, {}};
  prepared.weights = packed_weights(node, shape, type, pd.weights_desc());
  if (node.bias.defined()) prepared.bias = dnnl::memory(b, engine(), node.bias.data_ptr());
  return prepared;
}

}  // namespace

std::optional<PreparedConvolution> prepare_convolution(
    ProgramNode &node, const ConvolutionShape &shape, at::ScalarType type, int64_t step) {
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
        TORCH_CHECK(room >= 0, "program: the pooling window exceeds a map of ", in[axis]);
        size[axis] = room / node.window.stride[axis] + 1;
      }
    } else if (node.kind == Kind::average_pool) {
      size = node.size;
    } else if (node.kind == Kind::resize) {
      size = sizes[*node.like];
    } else if (node.kind == Kind::concatenate) {
      for (const int64_t input : node.inputs) {
        TORCH_CHECK(sizes[input] == in, "program: concatenated maps differ in size");
      }
    }
    if (node.residual) {
      TORCH_CHECK(sizes[*node.residual] == size, "program: the residual's size differs");
    }
    sizes.push_back(size);
  }
  return sizes;
}

ProgramPlan::ProgramPlan(
    std::vector<ProgramNode> &nodes, const std::vector<int64_t> &outputs, at::ScalarType type,
    int64_t batch, int64_t height, int64_t width)
    : batch(batch), height(height), width(width), threads(at::get_num_threads()) {
  sizes = infer_sizes(nodes, batch, height, width);
  std::vector<int64_t> slices = slice_candidates(nodes, outputs);
  convolutions.resize(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    ProgramNode &node = nodes[i];
    if (node.kind != Kind::convolution) continue;
    const Pair in = sizes[node.inputs[0]];
    const ConvolutionShape shape(
        {batch, node.kernel[1] * node.window.groups, in[0], in[1]}, node.kernel, node.window);
    if (type == at::kFloat && Winograd::suits(shape)) {
      const auto winograd = std::make_shared<Winograd>(shape);
      if (!node.taps.defined()) {
        node.taps = Winograd::taps(plain_weights(node, type));
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
  place(nodes, outputs, slices, static_cast<int64_t>(c10::elementSize(type)));
}

}  // namespace rdd::onednn
